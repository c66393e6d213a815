import type { Ask, AskChange, Dialect, Usage } from "../dialects/dialect.ts";
import { noUsage } from "../dialects/dialect.ts";
import type { Refusal } from "../errors.ts";
import type { Document, EditKind, Path, Scalar } from "../slot.ts";
import type { AttemptContext, Rates, Target } from "../step.ts";

/** Thrown by `veto()`: this target is passed over. */
export class Veto extends Error {
  override readonly name = "Veto";
  readonly reason: string;
  readonly losses: readonly string[];
  constructor(reason: string, losses: readonly string[]) {
    super("vetoed");
    this.reason = reason;
    this.losses = losses;
  }
}

const secretsOnly: ReadonlySet<EditKind> = new Set(["secret"]);
const noKinds: ReadonlySet<EditKind> = new Set();

/** A server that refuses to be asked for its usage does not tell it either. */
const untold = ({ usage: _, ...change }: AskChange): AskChange => change;

const modelOf = (change: AskChange): AskChange => (change.model === undefined ? {} : { model: change.model });

type Thinking = Pick<Ask, "reasons" | "thinkingBudget">;

/** Field by field: a spread costs microseconds, and it is made for every attempt. */
const changed = (ask: Ask, change: AskChange, { reasons, thinkingBudget }: Thinking): Required<Ask> => ({
  operation: ask.operation,
  model: change.model ?? ask.model,
  stream: ask.stream,
  maxOutput: change.maxOutput ?? ask.maxOutput,
  choices: ask.choices,
  usage: change.usage ?? ask.usage,
  thinkingBudget,
  reasons,
  images: ask.images,
  unbounded: ask.unbounded,
  furtherModels: ask.furtherModels,
  jsonOutput: ask.jsonOutput,
  serviceTier: ask.serviceTier,
  inferenceGeo: ask.inferenceGeo,
});

/** What the steps see of an attempt, and what they asked to change for it. */
export class AttemptState implements AttemptContext {
  readonly number: number;
  readonly target: Target;
  readonly dialect: Dialect;
  /** The target's own dialect, in which it is asked and answers. */
  readonly wire: Dialect;
  /** Whether the caller's own stream tells its usage. */
  readonly told: boolean;
  readonly size: number;
  readonly headers: Record<string, string> = {};
  usage: Usage = noUsage;
  flowed = 0;
  rates: Rates | undefined;
  /** The call's ask with the changes made for this attempt. */
  asked: Ask;
  readonly #ask: Ask;
  readonly #document: Document | undefined;
  readonly #observe: boolean;
  #change: AskChange = {};
  #crossed: Thinking | undefined;
  #sets: { readonly path: Path; readonly value: Scalar }[] = [];
  #charged: bigint | undefined;
  #onCut: ((refusal: Refusal) => void) | undefined;

  constructor(
    number: number,
    target: Target,
    spoken: { readonly dialect: Dialect; readonly wire: Dialect },
    ask: Ask,
    body: { readonly document: Document | undefined; readonly size: number },
    observe: boolean,
  ) {
    this.number = number;
    this.target = target;
    this.dialect = spoken.dialect;
    this.wire = spoken.wire;
    this.told = ask.usage;
    this.size = body.size;
    this.#document = body.document;
    this.#ask = ask;
    this.asked = ask;
    this.#observe = observe;
  }

  get cost(): bigint {
    return this.#charged ?? this.rates?.cost(this.usage) ?? 0n;
  }

  price(rates: Rates): void {
    this.rates = rates;
  }

  /** Observing changes nothing but the model's name, without which a target would not know what to run. */
  ask(change: AskChange): void {
    const allowed = this.#observe ? modelOf(change) : this.target.streamUsage === false ? untold(change) : change;
    this.#change = { ...this.#change, ...allowed };
    this.asked = changed(this.#ask, this.#change, this.#crossed ?? this.#thinking(this.#change.model));
  }

  /** The call is asked in the target's wire, which tells whether it reasons, and has no budget of the caller's for that. */
  crossed(reasons: boolean): void {
    this.#crossed = { reasons, thinkingBudget: undefined };
    this.asked = changed(this.#ask, this.#change, this.#crossed);
  }

  #thinking(model: string | undefined): Thinking {
    const document = this.#document;
    if (model === undefined || document === undefined) return this.#ask;
    return { reasons: this.dialect.reasons(model, document), thinkingBudget: this.#ask.thinkingBudget };
  }

  set(path: Path, value: Scalar): void {
    if (!this.#observe) this.#sets.push({ path, value });
  }

  header(name: string, value: string): void {
    this.headers[name.toLowerCase()] = value;
  }

  /** @param losses places of the request that speak against the target */
  veto(reason: string, losses: readonly string[] = []): never {
    throw new Veto(reason, losses);
  }

  cut(refusal: Refusal): void {
    if (!this.#observe) this.#onCut?.(refusal);
  }

  onCut(callback: (refusal: Refusal) => void): void {
    this.#onCut = callback;
  }

  charge(cost: bigint): void {
    this.#charged = cost;
  }

  /** The body for this target: the caller's bytes, and the splices that this target asks for. */
  render(document: Document): Uint8Array {
    const edits = this.dialect.edits(this.#change, this.#ask, document, this.target);
    const sets = this.#sets.length === 0 ? edits : [...edits, ...this.#sets];
    if (this.#observe) return document.render({ kinds: noKinds, sets });
    return document.render(this.target.trusted ? { kinds: secretsOnly, sets } : { sets });
  }
}
