import type { Config, ConfigInput } from "./config/schema.ts";
import type { Flow, Host, HttpHead, HttpRequest, Reply, RequestHead, Sink } from "./http.ts";
import type { Picked, Receipt, Summary, Target } from "./step.ts";
import type { CallRecord } from "./stores/records.ts";

/** What goes to the provider: signed, in the target's dialect, `url` absolute. */
export type AttemptRequest = HttpRequest & { readonly body: Uint8Array };

/**
 * One target tried: the request that leaves, and the answer that comes back, bytes in and bytes out, synchronously.
 * `waiting`: nothing has reached the caller, another target may still be tried. `committed`: `out` is final and bytes flow.
 * From `rejected`, `ended` or `broken` on, methods do nothing; after `broken` the host breaks the caller's connection.
 */
export interface Attempt {
  readonly number: number;
  readonly target: Target;
  readonly request: AttemptRequest;
  /** Made when asked for. Deadline, late cut, abort: stop the transfer, then call `fail(signal.reason)`. */
  readonly signal: AbortSignal;
  /** The same without the cost of a signal; one callback, at most once. */
  onStop(callback: (reason: unknown) => void): void;
  readonly state: "waiting" | "committed" | "rejected" | "ended" | "broken";
  /** For the caller; final once committed. */
  readonly out: HttpHead;
  head(head: HttpHead): void;
  /** Decoded bytes: whoever moves them undoes content-encoding. The returned bytes are for the caller. */
  write(bytes: Uint8Array): Uint8Array;
  end(): Uint8Array;
  /** The last bytes, protocol-correct, when something broke. */
  fail(cause: unknown): Uint8Array;
  /** To be called after each `Call.keepAlive` without output. */
  idle(): Uint8Array;
}

/** One request's life. */
export interface Call {
  readonly id: string;
  /** Bytes of body that are wanted at most; 0: go to `reply()`, leave the body unread. */
  readonly admitted: Promise<number>;
  /** So far; final after the last byte. */
  readonly summary: Summary;
  /** Settles once, after the stores. Never rejects. */
  readonly receipt: Promise<Receipt>;
  /** Milliseconds without output after which `Attempt.idle` is due. */
  readonly keepAlive: number;
  /** Never rejects: what is wrong with the body is found in `reply()`. */
  receive(body: Uint8Array | AsyncIterable<Uint8Array>): Promise<void>;
  /** `undefined`: go to `reply()`. May wait (`retry-after`). `target`: the host picked. */
  next(target?: Picked): Promise<Attempt | undefined>;
  /** Refusal, an answer of our own, or the last provider's own error, kept. */
  reply(): Reply;
  /** The caller is gone. */
  abort(cause: unknown): void;
}

/**
 * One request that is forwarded without a look into it (`passThrough`): its caller is known and may, and that is all. `end`, `fail` and
 * `abort` end it; the first of them counts.
 */
export interface PassThrough {
  readonly id: string;
  /** What leaves, its body apart, with an absolute `url`; `undefined`: go to `reply()`, leave the body unread. Never rejects. */
  readonly admitted: Promise<RequestHead | undefined>;
  /** Settles once, after the stores. Never rejects. */
  readonly receipt: Promise<Receipt>;
  /** What of the provider's head is for the caller; `undefined`: nothing of this answer is, go to `reply()`. */
  head(head: HttpHead): HttpHead | undefined;
  /** The answer is whole. */
  end(): void;
  /** Something broke; while nothing has reached the caller, `reply()` tells it what. */
  fail(cause: unknown): void;
  /** The caller is gone. */
  abort(cause: unknown): void;
  /** The gateway closes: stop the transfer. At most once. */
  onStop(callback: (reason: unknown) => void): void;
  reply(): Reply;
}

/** Opens the exchange with a target: who talks to the providers. */
export type Send = (target: Target) => (request: AttemptRequest, to: Sink) => Flow;

/** An exchange of the gateway's own, and the call behind it once it is open. */
export interface CallFlow extends Flow {
  readonly call: Call | undefined;
}

export interface Gateway {
  /** Is this call ours? */
  matches(head: RequestHead): boolean;
  /** For hosts that can forward what `passThrough` lists; `undefined`: this is not listed, so go on as with any call. */
  passThrough(head: RequestHead): PassThrough | undefined;
  /** An `Exchange`. `send`: who talks to the providers for this call, where the host does so itself. */
  handle(request: HttpRequest, to: Sink, send?: Send): CallFlow;
  /** In process: `new OpenAI({ fetch: gateway.fetch })`. */
  readonly fetch: typeof globalThis.fetch;
  /** For a host that moves the bytes itself. Never throws for a caller's mistake. */
  open(head: RequestHead, host?: Host): Call;
  /** Resolves when record lists are loaded; calls wait for it. Rejects when the gateway cannot work. */
  readonly ready: Promise<void>;
  /** Steps are rebuilt; stores and running calls live on. Rejects, and changes nothing, when the config is not valid. */
  reload(config: ConfigInput | Config | string): Promise<void>;
  /** New calls are refused, running ones may finish for `deadline` milliseconds (default 10,000), then they are aborted. */
  close(deadline?: number): Promise<void>;
  /** The newest calls first, as recorded (redacted). */
  records(limit?: number): Promise<readonly CallRecord[]>;
}
