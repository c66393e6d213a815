import { type Attempt, type Call, type Gateway, type Host, type HttpHead, Refusal } from "../../src/index.ts";
import { Answering } from "./answering.ts";
import { bodyModes, type Headers, type Message, type Part } from "./codec/messages.ts";
import { localFailure } from "./local-reply.ts";
import { metadataOf } from "./metadata.ts";
import { type Mode, type Opener, type Outlet, type Parts, statuses } from "./mode.ts";
import { toAttempt, toHeaders, toHttpHead, toRequestHead, unrouted } from "./mutations.ts";

/** Envoy has read the status line, and it alone sends to providers: no second target in the same call. */
const passing: Host = { takesBack: false, mutates: true };

const noBytes = new Uint8Array(0);

/** What an Envoy before 1.34, which does not tell, does where it is configured as it has to be. */
const untold = { requestBody: bodyModes.buffered, responseBody: bodyModes.buffered };

/**
 * Envoy's own router talks to the provider. The request comes whole and leaves changed, with its target named for the routes; the answer
 * is changed as it passes.
 */
export const transform: Opener = (parts, outlet, { part, protocol = untold, observed }) => {
  if (observed) return "transform needs a filter without observability_mode";
  if (protocol.requestBody !== bodyModes.buffered) return "transform needs request_body_mode BUFFERED";
  const framings: readonly number[] = [bodyModes.streamed, bodyModes.buffered, bodyModes.duplex];
  if (!framings.includes(protocol.responseBody))
    return "transform needs response_body_mode BUFFERED, STREAMED or FULL_DUPLEX_STREAMED";
  return part?.part === "headers" ? new Transformation(parts, outlet, protocol.responseBody) : "no headers";
};

class Transformation implements Mode {
  readonly #parts: Parts;
  readonly #gateway: Gateway;
  readonly #outlet: Outlet;
  readonly #bodyMode: number;
  #came: Headers = [];
  #call: Call | undefined;
  #attempt: Attempt | undefined;
  #answering: Answering | undefined;

  constructor(parts: Parts, outlet: Outlet, bodyMode: number) {
    this.#parts = parts;
    this.#gateway = parts.gateway;
    this.#outlet = outlet;
    this.#bodyMode = bodyMode;
  }

  take(part: Part, message: Message): Promise<void> | void {
    if (part.side === "response") return this.#answer(part, message);
    if (part.part === "headers") return this.#open(part.headers, part.last, message);
    if (part.part === "body" && part.last) return this.#receive(part.bytes);
    this.#outlet.fail(statuses.invalidArgument, "a request that is not buffered");
  }

  gone(): void {
    this.#answering?.gone();
    this.#call?.abort(undefined);
  }

  cut(refusal: Refusal): void {
    this.#call?.abort(refusal);
    // Before an attempt, and between attempts, nobody else is told.
    if (this.#attempt === undefined) this.#reply();
  }

  drained(): void {}

  async #open(headers: Headers, last: boolean, { attributes }: Message): Promise<void> {
    const head = toRequestHead(headers, attributes);
    if (head === undefined) return this.#outlet.fail(statuses.invalidArgument, "a request without method or path");
    this.#came = headers;
    const call = this.#gateway.open(head, passing);
    this.#call = call;
    if ((await call.admitted) === 0) return this.#reply();
    if (last) await this.#leave(call, noBytes, "headers");
    else this.#outlet.send({ kind: "headers", side: "request", change: unrouted, clearRouteCache: true });
  }

  async #receive(bytes: Uint8Array): Promise<void> {
    if (this.#call !== undefined) await this.#leave(this.#call, bytes, "body");
  }

  /** The request leaves for its target; a bodyless one has no body to change. */
  async #leave(call: Call, bytes: Uint8Array, kind: "headers" | "body"): Promise<void> {
    await call.receive(bytes);
    const attempt = await call.next();
    if (attempt === undefined) return this.#reply();
    this.#attempt = attempt;
    attempt.onStop((reason) => this.#stop(attempt, reason));
    if (this.#outlet.over) return;
    const { body } = attempt.request;
    const whole = kind === "body" ? { body } : {};
    const change = toAttempt(this.#came, attempt, kind === "body" ? body.length : undefined);
    const metadata = metadataOf(call.summary);
    this.#outlet.send({ kind, side: "request", change, ...whole, clearRouteCache: true, metadata });
  }

  #answer(part: Part, message: Message): Promise<void> | void {
    if (this.#answering !== undefined) return this.#answering.take(part);
    const call = this.#call;
    if (part.part !== "headers" || call === undefined)
      return this.#outlet.fail(statuses.internal, "no answer expected");
    const head = toHttpHead(part.headers);
    if (head === undefined) return this.#outlet.fail(statuses.invalidArgument, "an answer without status");
    const refusal = localFailure(head, message.attributes, this.#attempt !== undefined);
    if (refusal !== undefined || this.#attempt === undefined)
      return this.#refuse(refusal ?? new Refusal("internal_error"));
    return this.#begin(call, this.#attempt, part, head);
  }

  #begin(call: Call, attempt: Attempt, part: Part & { part: "headers" }, head: HttpHead): Promise<void> | void {
    const { answerBytes, clock } = this.#parts;
    const outlet = this.#outlet;
    const answering = Answering.open({ call, attempt, head, outlet, clock, bodyMode: this.#bodyMode, answerBytes });
    if (answering === undefined) return this.#refuse(new Refusal("upstream_invalid"));
    this.#answering = answering;
    return answering.take(part);
  }

  /** The attempt was ended from our side: by the deadline, a budget, or the gateway's own end. */
  #stop(attempt: Attempt, reason: unknown): void {
    if (this.#outlet.over) return;
    if (this.#answering !== undefined) this.#answering.stop(reason);
    else {
      attempt.fail(reason);
      this.#call?.abort(reason);
      this.#reply();
    }
  }

  /** The answer that Envoy holds is not for the caller: it gets ours. */
  #refuse(refusal: Refusal): void {
    this.#attempt?.fail(refusal);
    this.#call?.abort(refusal);
    this.#reply();
  }

  #reply(): void {
    const call = this.#call;
    if (call === undefined) return;
    const { status, headers, body } = call.reply();
    const metadata = metadataOf(call.summary);
    this.#outlet.finish({ kind: "immediate", status, headers: toHeaders(headers), body, details: "postern", metadata });
  }
}
