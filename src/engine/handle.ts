import { Refusal } from "../errors.ts";
import type { Attempt, AttemptRequest, Call, CallFlow } from "../host.ts";
import type { Flow, HttpRequest, Reply, Sink } from "../http.ts";
import type { Clock, Picked, Target } from "../step.ts";

/** Opens the exchange with a target: one pool each. */
export type Send = (target: Target) => (request: AttemptRequest, to: Sink) => Flow;

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

/** The whole life of one request for a host that lets us call the provider: failover is this loop. */
export function handle(request: HttpRequest, to: Sink, { open, send, clock, picked }: Handling): CallFlow {
  let call: Call | undefined;
  let relay: Relay | undefined;
  let gone = false;

  const relayed = (attempt: Attempt, keepAlive: number): Promise<Verdict> =>
    new Promise((resolve) => {
      relay = new Relay(attempt, clock, keepAlive, to, resolve);
      relay.start(send(attempt.target));
    });

  const run = async (): Promise<void> => {
    call = await open();
    if (gone) return call.abort(undefined);
    if ((await call.admitted) > 0) {
      await call.receive(request.body);
      for (let attempt = await call.next(picked); attempt !== undefined; attempt = await call.next(picked)) {
        if (gone || (await relayed(attempt, call.keepAlive)) === "over") return;
      }
    }
    if (!gone) push(call.reply(), to, () => gone);
  };

  run().catch((cause) => {
    call?.abort(cause);
    if (!gone) to.fail(new Refusal("internal_error"));
  });
  return {
    get call() {
      return call;
    },
    resume: () => relay?.resume(),
    abort(cause) {
      if (gone) return;
      gone = true;
      relay?.drop(cause);
      call?.abort(cause);
    },
  };
}

function push(reply: Reply, to: Sink, gone: () => boolean): void {
  to.head({ status: reply.status, headers: { ...reply.headers, "content-length": String(reply.body.length) } });
  if (reply.body.length > 0 && !gone()) to.data(reply.body);
  if (!gone()) to.end();
}
