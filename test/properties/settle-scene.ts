import {
  type ConfigInput,
  createGateway,
  createMemoryStores,
  type Flow,
  type HttpHead,
  hashKey,
  type Receipt,
  silent,
} from "../../src/index.ts";
import { createFaultyStores, type Fault as StoreFault, type StoreOperation } from "../doubles/faulty-stores.ts";
import { createGatedClock } from "../doubles/gated-clock.ts";
import { type Fault, play, type Upstream } from "./settle-faults.ts";

export interface Caller {
  readonly dialect: "openai" | "anthropic";
  readonly stream: boolean;
  /** The body comes in two pieces with a pause, or breaks off after the first. */
  readonly body: "at once" | "slowly" | "broken off";
  /** Aborts after so many milliseconds, or with so many pieces received. */
  readonly leaves: { readonly after: "ms" | "pieces"; readonly count: number } | undefined;
  /** Asks for silence after each piece, for so many milliseconds. */
  readonly reads: number | undefined;
}

export interface Run {
  readonly faults: readonly Fault[];
  readonly callers: readonly Caller[];
  readonly stores: readonly {
    readonly operation: StoreOperation;
    readonly fault: StoreFault;
    readonly times: number;
  }[];
  readonly mode: "enforce" | "observe";
  readonly limit: string;
  /** Milliseconds after which the gateway closes, with five seconds for what runs. */
  readonly closes: number | undefined;
}

/** What one caller heard. */
export interface Heard {
  head: HttpHead | undefined;
  text: string;
  /** `end` or `fail`, each as often as it came. */
  readonly ends: string[];
  left: boolean;
  /** Something was said after the end, or after the caller had left. */
  late: boolean;
}

export interface Outcome {
  readonly heard: readonly Heard[];
  /** By call, in the order of the callers; every settlement. */
  readonly receipts: readonly (readonly Receipt[])[];
  /** The attempts that were played for each call. */
  readonly played: readonly (readonly number[])[];
  readonly open: number;
  readonly held: bigint;
  readonly spent: bigint;
  readonly totals: { readonly reserved: number; readonly settled: number; readonly charged: bigint };
}

const address = "maria.lopez@example.com";

const config = ({ limit, mode }: Run): ConfigInput => {
  const openai = { provider: "openai" as const, apiKey: "sk-operator" };
  const anthropic = { provider: "anthropic" as const, apiKey: "sk-operator" };
  return {
    targets: { first: openai, second: openai, third: anthropic, fourth: anthropic },
    models: {
      fast: {
        targets: [
          { target: "first", model: "gpt-4o-mini" },
          { target: "second", model: "gpt-4o-mini" },
          { target: "third", model: "claude-haiku-4-5" },
          { target: "fourth", model: "claude-haiku-4-5" },
        ],
      },
    },
    access: { keys: [{ id: "web", hash: hashKey("psk_web"), team: "search", requestsPerMinute: 1_000 }] },
    budgets: [{ scope: { team: "search" }, limit, window: "total" }],
    // Dear output, so that a small budget is met within an answer.
    prices: { "gpt-4o-mini": { input: "$1", output: "$100" }, "claude-haiku-4-5": { input: "$1", output: "$100" } },
    tracing: { payloads: "redacted" },
    mode,
  };
};

/** Park and Miller's generator: the same ids in every run, and no two alike. */
function numbers(): () => number {
  let state = 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** Plays a run to its end on a clock that jumps from timer to timer; throws when something waits for nothing. */
export async function playRun(run: Run): Promise<Outcome> {
  const clock = createGatedClock();
  const memory = createMemoryStores({ clock }, { keep: 100 });
  const stores = createFaultyStores(memory, clock);
  for (const { operation, fault, times } of run.stores) stores.break(operation, fault, times);
  const upstreams: Upstream[] = [];
  const played: number[][] = run.callers.map(() => []);
  const receipts: Receipt[][] = run.callers.map(() => []);
  const gateway = createGateway(config(run), {
    clock,
    stores,
    random: numbers(),
    log: silent,
    send: () => (request, to) => {
      const caller = Number(/caller (\d)/.exec(Buffer.from(request.body).toString())?.[1]);
      const attempt = upstreams.length;
      played[caller]?.push(attempt);
      const upstream = play(run.faults[attempt % run.faults.length] as Fault, request, attempt, to, clock);
      upstreams.push(upstream);
      return upstream.flow;
    },
    steps: [
      {
        after: "tracing",
        step: {
          name: "settlements",
          open: ({ head }) => ({ settle: (receipt) => void receipts[Number(head.headers["x-caller"])]?.push(receipt) }),
        },
      },
    ],
  });
  await gateway.ready;

  if (run.closes !== undefined) clock.after(run.closes, () => void gateway.close(5_000));
  const heard = run.callers.map((caller, index) => call(gateway.handle, caller, index, clock));
  const over = (): boolean =>
    heard.every(({ ends, left }) => left || ends.length > 0) && receipts.every((settled) => settled.length > 0);
  for (let steps = 0; ; steps++) {
    await turns();
    if (over()) break;
    if (steps > 2_000 || !clock.step())
      throw new Error(`a call hangs: ${JSON.stringify({ heard, settled: receipts.map((r) => r.length) })}`);
  }
  const open = upstreams.filter((upstream) => !upstream.over()).length;
  // The stores are well again: what could not be written is written now.
  stores.mend();
  for (let steps = 0; clock.pending > 0 && steps < 2_000; steps++) {
    clock.step();
    await turns();
  }
  const [line] = await memory.counters.read(["team=search/total"]);
  const { held = 0n, spent = 0n } = line ?? {};
  return { heard, receipts, played, open, held, spent, totals: memory.ledger.totals() };
}

function call(
  handle: ReturnType<typeof createGateway>["handle"],
  caller: Caller,
  index: number,
  clock: ReturnType<typeof createGatedClock>,
): Heard {
  const heard: Heard = { head: undefined, text: "", ends: [], left: false, late: false };
  let pieces = 0;
  let flow: Flow | undefined;
  const leave = (): void => {
    if (heard.left || heard.ends.length > 0) return;
    heard.left = true;
    flow?.abort(undefined);
  };
  const note = (): void => {
    if (heard.left || heard.ends.length > 0) heard.late = true;
  };
  const close = (how: string): void => {
    note();
    heard.ends.push(how);
  };
  flow = handle(requestOf(caller, index, clock), {
    head(head) {
      note();
      heard.head = head;
    },
    data(bytes) {
      note();
      heard.text += Buffer.from(bytes).toString();
      pieces++;
      if (caller.leaves?.after === "pieces" && pieces >= caller.leaves.count) leave();
      if (caller.reads === undefined) return true;
      clock.after(caller.reads, () => flow?.resume());
      return false;
    },
    end: () => close("end"),
    fail: () => close("fail"),
  });
  if (caller.leaves?.after === "ms") clock.after(caller.leaves.count, leave);
  return heard;
}

function requestOf({ dialect, stream, body }: Caller, index: number, clock: ReturnType<typeof createGatedClock>) {
  const asked = {
    model: "fast",
    max_tokens: 300,
    stream,
    messages: [{ role: "user", content: `caller ${index}: ${address}` }],
  };
  const bytes = Buffer.from(JSON.stringify(asked));
  async function* inPieces() {
    yield bytes.subarray(0, 20);
    await new Promise<void>((resolve) => void clock.after(3_000, resolve));
    if (body === "broken off") throw new Error("aborted");
    yield bytes.subarray(20);
  }
  return {
    method: "POST",
    url: dialect === "openai" ? "/v1/chat/completions" : "/v1/messages",
    headers: {
      authorization: "Bearer psk_web",
      "content-type": "application/json",
      "x-caller": String(index),
      ...(dialect === "anthropic" && { "anthropic-version": "2023-06-01" }),
    },
    body: body === "at once" ? bytes : inPieces(),
  };
}
