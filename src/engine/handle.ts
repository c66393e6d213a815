import { Refusal } from "../errors.ts";
import type { Attempt, Call, CallFlow, Send } from "../host.ts";
import type { Flow, HttpRequest, Reply, Sink } from "../http.ts";
import type { Clock, Picked } from "../step.ts";

type Verdict = "over" | "next";

/** Pushes one attempt's answer through; resolves to `next` when nothing has reached the caller and another target may be tried. */
class Relay {
  readonly #attempt: Attempt;
  readonly #clock: Clock;
  readonly #keepAlive: number;
  readonly #to: Sink;
  readonly #resolve: (verdict: Verdict) => void;
  #flow: Flow | undefined;
  #started = false;
  #done = false;
  #quietSince = 0;
  #cancelTimer: (() => void) | undefined;

  constructor(attempt: Attempt, clock: Clock, keepAlive: number, to: Sink, resolve: (verdict: Verdict) => void) {
    this.#attempt = attempt;
    this.#clock = clock;
    this.#keepAlive = keepAlive;
    this.#to = to;
    this.#resolve = resolve;
  }

  start(exchange: ReturnType<Send>): void {
    const attempt = this.#attempt;
    attempt.onStop((reason) => this.#stop(reason));
    if (this.#done) return;
    this.#flow = exchange(attempt.request, {
      head: (head) => {
        attempt.head(head);
        this.#watch();
        this.#pass(undefined);
      },
      data: (bytes) => this.#pass(attempt.write(bytes)),
      end: () => this.#pass(attempt.end()),
      fail: (cause) => this.#pass(attempt.fail(cause)),
    });
  }

  resume(): void {
    if (!this.#done) this.#flow?.resume();
  }

  /** The caller is gone: nothing more is pushed. */
  drop(cause: unknown): void {
    this.#finish("over");
    this.#flow?.abort(cause);
  }

  #pass(bytes: Uint8Array | undefined): boolean {
    if (this.#done) return true;
    const { state } = this.#attempt;
    if (state === "waiting") return true;
    if (state === "rejected") {
      this.#flow?.abort(undefined);
      this.#finish("next");
      return true;
    }
    if (!this.#started) {
      this.#started = true;
      this.#to.head(this.#attempt.out);
    }
    let more = true;
    // Being told, the caller may leave.
    if (!this.#done && bytes !== undefined && bytes.length > 0) {
      this.#quietSince = this.#clock.ticks();
      more = this.#to.data(bytes);
    }
    if (state !== "committed") this.#close(state === "broken");
    return more;
  }

  #close(broken: boolean): void {
    if (this.#done) return;
    this.#flow?.abort(undefined);
    this.#finish("over");
    if (broken) this.#to.fail(new Refusal("upstream_broken"));
    else this.#to.end();
  }

  #stop(reason: unknown): void {
    if (this.#done) return;
    this.#flow?.abort(reason);
    this.#pass(this.#attempt.fail(reason));
  }

  /** One timer per keep-alive span, however many chunks pass. */
  #watch(): void {
    this.#quietSince = this.#clock.ticks();
    const check = (): void => {
      const quiet = this.#clock.ticks() - this.#quietSince;
      if (quiet + 1 >= this.#keepAlive) this.#pass(this.#attempt.idle());
      if (this.#done) return;
      const next = quiet + 1 >= this.#keepAlive ? this.#keepAlive : this.#keepAlive - quiet;
      this.#cancelTimer = this.#clock.after(next, check);
    };
    this.#cancelTimer = this.#clock.after(this.#keepAlive, check);
  }

  #finish(verdict: Verdict): void {
    if (this.#done) return;
    this.#done = true;
    this.#cancelTimer?.();
    this.#resolve(verdict);
  }
}

export interface Handling {
  /** Opens the call once the gateway is ready. */
  readonly open: () => Call | Promise<Call>;
  readonly send: Send;
  readonly clock: Clock;
  /** The target that the host picked. */
  readonly picked?: Picked | undefined;
}

/** The whole life of one request for a host that lets us call the provider: failover is a loop. */
class HandledCall implements CallFlow {
  call: Call | undefined;
  readonly #to: Sink;
  readonly #parts: Handling;
  #relay: Relay | undefined;
  #gone = false;

  constructor(to: Sink, parts: Handling) {
    this.#to = to;
    this.#parts = parts;
  }

  start(request: HttpRequest): this {
    this.#run(request).catch((cause) => {
      this.call?.abort(cause);
      if (!this.#gone) this.#to.fail(new Refusal("internal_error"));
    });
    return this;
  }

  resume(): void {
    this.#relay?.resume();
  }

  abort(cause: unknown): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#relay?.drop(cause);
    this.call?.abort(cause);
  }

  async #run(request: HttpRequest): Promise<void> {
    const { open, picked } = this.#parts;
    const call = await open();
    this.call = call;
    if (this.#gone) return call.abort(undefined);
    if ((await call.admitted) > 0) {
      await call.receive(request.body);
      for (let attempt = await call.next(picked); attempt !== undefined; attempt = await call.next(picked)) {
        if (this.#gone || (await this.#relayed(attempt, call.keepAlive)) === "over") return;
      }
    }
    if (!this.#gone) push(call.reply(), this.#to, () => this.#gone);
  }

  #relayed(attempt: Attempt, keepAlive: number): Promise<Verdict> {
    const { clock, send } = this.#parts;
    return new Promise((resolve) => {
      const relay = new Relay(attempt, clock, keepAlive, this.#to, resolve);
      this.#relay = relay;
      relay.start(send(attempt.target));
    });
  }
}

/** An `Exchange` with the whole engine in it. */
export const handle = (request: HttpRequest, to: Sink, parts: Handling): CallFlow =>
  new HandledCall(to, parts).start(request);

function push(reply: Reply, to: Sink, gone: () => boolean): void {
  to.head({ status: reply.status, headers: { ...reply.headers, "content-length": String(reply.body.length) } });
  if (reply.body.length > 0 && !gone()) to.data(reply.body);
  if (!gone()) to.end();
}
