import type { Clock } from "../step.ts";
import type { Denial, Reservation } from "../stores/counters.ts";
import type { Stores } from "../stores/stores.ts";
import type { Want } from "./needs.ts";
import { type Persistence, within } from "./patience.ts";
import type { Budgets } from "./scopes.ts";

export interface AccountParts {
  readonly clock: Clock;
  readonly stores: Stores;
  readonly persistence: Persistence;
}

interface Request {
  readonly least: bigint;
  readonly most: bigint;
  readonly share: number;
}

/** The money of one attempt: held before it is spent, settled once. */
export class Account {
  /** What is held and on file, in pico-dollars. */
  held = 0n;
  /** The line with the least left, and that rest, when last heard of. */
  tightest: { readonly key: string; readonly left: bigint } | undefined;
  readonly #id: string;
  readonly #budgets: Budgets;
  readonly #leaseUntil: number;
  readonly #parts: AccountParts;
  #granted = 0n;
  #pending: Promise<unknown> = Promise.resolve();

  constructor(id: string, budgets: Budgets, leaseUntil: number, parts: AccountParts) {
    this.#id = id;
    this.#budgets = budgets;
    this.#leaseUntil = leaseUntil;
    this.#parts = parts;
  }

  /**
   * Raises what is held towards `want`, in all lines or in none; the money counts as held once the ledger has it. A denial changes
   * nothing. Throws `store_unavailable`; asking again is safe.
   */
  hold(want: Want): Promise<Denial | undefined> {
    const held = this.#hold(want);
    this.#pending = held.catch(() => {});
    return held;
  }

  /** Replaces what is held by `cost`, once. Resolves after the first try to write it. */
  async settle(cost: bigint): Promise<void> {
    const { clock, persistence, stores } = this.#parts;
    await this.#pending;
    if (this.tightest !== undefined) {
      this.tightest = { ...this.tightest, left: this.tightest.left + this.#granted - cost };
    }
    const entry = { kind: "settle", id: this.#id, at: clock.now(), amount: cost, lines: this.#budgets.lines } as const;
    await Promise.all([
      persistence.write(this.#id, "ledger", () => stores.ledger.append(entry)),
      persistence.write(this.#id, "counters", () => stores.counters.settle(this.#id, cost)),
    ]);
  }

  /**
   * `hold` without waiting, where the counters are in this process: then a burst that outruns the reservation is not cut while its money
   * is there. The ledger's entry follows. `undefined`: the counters are elsewhere.
   */
  holdNow(want: Want): Denial | "held" | undefined {
    const { counters } = this.#parts.stores;
    const reserve = ({ least, most, share }: Request) =>
      counters.reserveNow?.(this.#id, this.#budgets.lines, least, most, share);
    let answer = reserve(this.#fair(want));
    if (answer === undefined) return undefined;
    const rest = this.#rest(want, answer);
    answer = (rest && reserve(rest)) ?? answer;
    if ("denied" in answer) return answer;
    this.#take(answer);
    this.held = this.#granted;
    this.#pending = this.#file().catch(() => {});
    return "held";
  }

  async #hold(want: Want): Promise<Denial | undefined> {
    // Money that was granted when the ledger failed only lacks its entry.
    const denial = want.useful > this.#granted ? await this.#raise(want) : undefined;
    if (denial !== undefined) return denial;
    this.held = await this.#file();
    return undefined;
  }

  async #raise(want: Want): Promise<Denial | undefined> {
    const { clock, stores } = this.#parts;
    const reserve = ({ least, most, share }: Request) =>
      within(clock, "counters", () => stores.counters.reserve(this.#id, this.#budgets.lines, least, most, share));
    let answer = await reserve(this.#fair(want));
    const rest = this.#rest(want, answer);
    if (rest !== undefined) answer = await reserve(rest);
    if ("denied" in answer) return answer;
    this.#take(answer);
    return undefined;
  }

  #fair({ useful, most, part }: Want): Request {
    return { least: useful - this.#granted, most: most - this.#granted, share: this.#budgets.share * part };
  }

  /** Near a budget's end what is left may still do for a short answer: then it is worth more than a share of it. */
  #rest({ least }: Want, answer: Reservation | Denial): Request | undefined {
    const enough = least > this.#granted ? least - this.#granted : 0n;
    if (!("denied" in answer) || answer.left < enough || answer.left <= 0n) return undefined;
    return { least: enough, most: answer.left, share: 1 };
  }

  #take({ granted, tightest, left }: Reservation): void {
    this.#granted += granted;
    this.tightest = { key: tightest, left };
  }

  /** Puts on file what is granted by now, and returns it. */
  async #file(): Promise<bigint> {
    const { clock, stores } = this.#parts;
    const [id, amount, lines, leaseUntil] = [this.#id, this.#granted, this.#budgets.lines, this.#leaseUntil];
    await within(clock, "ledger", () =>
      stores.ledger.append({ kind: "reserve", id, at: clock.now(), amount, lines, leaseUntil }),
    );
    return amount;
  }
}
