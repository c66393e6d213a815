import {
  type AttemptRequest,
  type ConfigInput,
  createGateway,
  type Flow,
  type Gateway,
  type GatewayOptions,
  type HttpHead,
  type Receipt,
  Refusal,
  type Sink,
  silent,
} from "../src/index.ts";
import { answerWith, askedIn } from "./testing-wire.ts";

/** What a scripted provider received: what left the gateway. */
export interface ProviderRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: AttemptRequest["headers"];
  readonly body: string;
  /** Aborted when nobody wants the answer any more. */
  readonly signal: AbortSignal;
}

export type Piece = string | Uint8Array;

/** How a scripted provider answers: a head, the pieces of a body, and how it ends. */
export interface ScriptedAnswer {
  readonly status?: number;
  readonly headers?: HttpHead["headers"];
  /** Taken one by one as they are wanted; an async iterable may wait before each. */
  readonly pieces?: Iterable<Piece> | AsyncIterable<Piece>;
  /** `whole` (default), or what breaks: `unreachable` before the head, `reset` after the pieces, `silent`: nothing more, ever. */
  readonly ends?: "whole" | "unreachable" | "reset" | "silent";
}

/** `number` counts the requests that providers received, from 1. */
export type Script = (request: ProviderRequest, number: number) => ScriptedAnswer;

export interface TestGateway {
  readonly gateway: Gateway;
  /** For a client: `new OpenAI({ apiKey: "test", fetch: test.fetch })`. */
  readonly fetch: typeof globalThis.fetch;
  /** Everything that providers received, in order. */
  readonly requests: readonly ProviderRequest[];
  /** How each call ended and what it cost, in the order of their ends. */
  readonly receipts: readonly Receipt[];
  /** Providers answer so from now on. */
  answer(script: Script): void;
  close(): Promise<void>;
}

/** A model that says `text`, in the caller's dialect, whole or streamed as asked. */
export const says =
  (text: string): Script =>
  (request) => {
    const { contentType, pieces } = answerWith(askedIn(request.url, request.body), text);
    return { headers: { "content-type": contentType }, pieces };
  };

/** A model that repeats the last message: what it was told is what it says. */
export const echoes: Script = (request, number) => says(askedIn(request.url, request.body).text)(request, number);

/** An error as either provider writes one. */
export const fails =
  (status: number, headers: HttpHead["headers"] = {}): Script =>
  () => ({
    status,
    headers: { "content-type": "application/json", ...headers },
    pieces: [
      JSON.stringify({ type: "error", error: { type: "server_error", code: "server_error", message: "failed" } }),
    ],
  });

/** One after the other; the last one stays. */
export const inTurn =
  (...scripts: readonly [Script, ...Script[]]): Script =>
  (request, number) =>
    (scripts[number - 1] ?? (scripts.at(-1) as Script))(request, number);

/**
 * A whole gateway without a network, for your own tests: the engine is the real one, the providers are scripted and repeat what they are
 * told until `answer` says otherwise.
 * @example
 * const test = createTestGateway();
 * const openai = new OpenAI({ apiKey: "test", fetch: test.fetch });
 */
export function createTestGateway(config: ConfigInput = {}, options: Omit<GatewayOptions, "send"> = {}): TestGateway {
  const requests: ProviderRequest[] = [];
  const receipts: Receipt[] = [];
  let script = echoes;
  const send =
    () =>
    (request: AttemptRequest, to: Sink): Flow => {
      const { method, url, headers, body } = request;
      const gone = new AbortController();
      const received = { method, url, headers, body: Buffer.from(body).toString("utf8"), signal: gone.signal };
      requests.push(received);
      return play(script(received, requests.length), to, gone);
    };
  const watch = {
    after: "tracing" as const,
    step: { name: "receipts", open: () => ({ settle: (receipt: Receipt) => void receipts.push(receipt) }) },
  };
  const steps = [...(options.steps ?? []), watch];
  const gateway = createGateway(config, { log: silent, ...options, steps, send });
  return {
    gateway,
    fetch: gateway.fetch,
    requests,
    receipts,
    answer(next) {
      script = next;
    },
    close: () => gateway.close(),
  };
}

/** Pushes a scripted answer, a piece a turn of the event loop, keeping silent while the sink asks for it. */
function play(answer: ScriptedAnswer, to: Sink, gone: AbortController): Flow {
  const { status = 200, headers = {}, pieces = [], ends = "whole" } = answer;
  let over = false;
  let resume = (): void => {};
  const run = async (): Promise<void> => {
    await nextTurn();
    if (ends === "unreachable") throw new Refusal("upstream_unreachable");
    if (!over) to.head({ status, headers });
    for await (const piece of pieces) {
      if (over) return;
      const resumed = new Promise<void>((resolve) => {
        resume = resolve;
      });
      if (!to.data(typeof piece === "string" ? Buffer.from(piece) : piece)) await resumed;
      await nextTurn();
    }
    if (ends === "reset") throw new Refusal("upstream_broken");
    if (ends === "silent" || over) return;
    over = true;
    to.end();
  };
  run().catch((cause: unknown) => {
    if (over) return;
    over = true;
    to.fail(cause);
  });
  return {
    resume: () => resume(),
    abort() {
      if (!over) gone.abort();
      over = true;
    },
  };
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
