import type { Dispatcher } from "undici";
import { Refusal } from "../errors.ts";
import type { Flow, HeaderMap, Sink } from "../http.ts";
import type { Clock, Timeouts } from "../step.ts";
import { createDecoder, type Decoder, type DecoderSink } from "./decoding.ts";
import { isReset, type Phase, type Progress, timedOut, toFailure } from "./failure.ts";

export interface UpstreamFlow extends Flow {
  /** The request was handed to a connection; the provider may have seen it. */
  readonly sent: boolean;
}

const aborted = new Error("aborted");

/** One request on its way through undici: its handler, and the flow that the caller holds. Fields, not closures: it is made per call. */
export class Passage implements Dispatcher.DispatchHandler, UpstreamFlow {
  readonly #to: Sink;
  readonly #clock: Clock;
  readonly #timeouts: Timeouts;
  #controller: Dispatcher.DispatchController | undefined;
  #pool: Dispatcher | undefined;
  /** Kept while the request may be made once more: nothing of it was sent. */
  #options: Dispatcher.DispatchOptions | undefined;
  #decoder: Decoder | undefined;
  #started = false;
  #progress: Progress = "waiting";
  /** Nothing more is taken from the provider. */
  #sealed = false;
  /** Nothing more is said to the sink. */
  #over = false;
  #paused = false;
  #phase: Phase = "connect";
  /** When the phase times out, and when the timer wakes to look: chunks move the former only. */
  #due = 0;
  #wakes = 0;
  #cancelTimer: (() => void) | undefined;

  constructor(to: Sink, clock: Clock, timeouts: Timeouts) {
    this.#to = to;
    this.#clock = clock;
    this.#timeouts = timeouts;
  }

  get sent(): boolean {
    return this.#progress !== "waiting";
  }

  start(pool: Dispatcher, options: Dispatcher.DispatchOptions): this {
    this.#await("connect", this.#timeouts.connect);
    this.#pool = pool;
    this.#options = options;
    pool.dispatch(options, this);
    this.#started = true;
    return this;
  }

  resume(): void {
    if (this.#decoder === undefined) this.#resumeReading();
    else this.#decoder.resume();
  }

  abort(): void {
    this.#over = true;
    this.#seal();
    this.#decoder?.destroy();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#sealed) {
      controller.abort(aborted);
      return;
    }
    this.#progress = "sent";
    this.#options = undefined;
    this.#await("first_byte", this.#timeouts.firstByte);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: HeaderMap): void {
    if (this.#sealed || status < 200) return;
    this.#progress = "answered";
    const encoding = headers["content-encoding"];
    if (encoding === undefined || encoding === "" || encoding === "identity") {
      this.#to.head({ status, headers });
      return;
    }
    this.#decoder = typeof encoding === "string" ? createDecoder(encoding, this.#decoded) : undefined;
    if (this.#decoder === undefined) {
      this.#fail(new Refusal("upstream_invalid", { reason: "content_encoding" }));
      return;
    }
    const { "content-encoding": _encoding, "content-length": _length, ...rest } = headers;
    this.#to.head({ status, headers: rest });
  }

  onResponseData(controller: Dispatcher.DispatchController, bytes: Uint8Array): void {
    if (this.#sealed) return;
    this.#await("idle", this.#timeouts.idle);
    const more = this.#decoder === undefined ? this.#to.data(bytes) : this.#decoder.write(bytes);
    if (more || this.#sealed) return;
    this.#paused = true;
    controller.pause();
  }

  onResponseEnd(): void {
    if (this.#sealed) return;
    this.#seal();
    if (this.#decoder === undefined) this.#end();
    else this.#decoder.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#sealed) return;
    const options = this.#options;
    this.#options = undefined;
    if (options === undefined || !isReset(error)) this.#fail(toFailure(error, this.#progress));
    // undici fails what waits for a kept connection that was reset. Not at once: it still empties the queue that this would go into.
    else queueMicrotask(() => this.#sealed || this.#pool?.dispatch(options, this));
  }

  get #decoded(): DecoderSink {
    return {
      data: (bytes) => this.#over || this.#to.data(bytes),
      drain: () => this.#resumeReading(),
      end: () => this.#end(),
      fail: (refusal) => {
        this.#seal();
        this.#report(refusal);
      },
    };
  }

  /** Not at once: undici's parser is one per process and must not be entered from within another exchange's callback. */
  #resumeReading(): void {
    if (!this.#paused || this.#sealed) return;
    this.#paused = false;
    this.#await("idle", this.#timeouts.idle);
    queueMicrotask(() => {
      if (!this.#sealed) this.#controller?.resume();
    });
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#to.end();
  }

  /** What was decoded before something broke comes first; and a sink is never called before it has its flow. */
  #fail(refusal: Refusal): void {
    if (this.#sealed) return;
    this.#seal();
    const report = () => this.#report(refusal);
    if (this.#decoder !== undefined) this.#decoder.flush(report);
    else if (this.#started) report();
    else queueMicrotask(report);
  }

  #report(refusal: Refusal): void {
    if (this.#over) return;
    this.#over = true;
    this.#decoder?.destroy();
    this.#to.fail(refusal);
  }

  /** Aborting an answer that has come to its end does nothing. */
  #seal(): void {
    this.#sealed = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#controller?.abort(aborted);
  }

  /** One timer serves a whole call: it is set anew only for an earlier end, and otherwise looks at `#due` when it wakes. */
  #await(phase: Phase, ms: number): void {
    this.#phase = phase;
    this.#due = this.#clock.ticks() + ms;
    if (this.#cancelTimer !== undefined && this.#wakes <= this.#due) return;
    this.#cancelTimer?.();
    this.#wakeIn(ms);
  }

  #wakeIn(ms: number): void {
    this.#wakes = this.#clock.ticks() + ms;
    this.#cancelTimer = this.#clock.after(ms, this.#expire);
  }

  readonly #expire = (): void => {
    this.#cancelTimer = undefined;
    if (this.#paused) return;
    const left = this.#due - this.#clock.ticks();
    if (left > 0) this.#wakeIn(left);
    else this.#fail(timedOut(this.#phase));
  };
}
