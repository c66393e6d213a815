import { type CallFlow, type Gateway, type HttpHead, Refusal, type RequestHead, type Sink } from "../../src/index.ts";
import { bodyModes, type Message, type Part } from "./codec/messages.ts";
import type { Struct } from "./codec/struct.ts";
import { metadataOf } from "./metadata.ts";
import { type Mode, type Opener, type Outlet, type Parts, statuses } from "./mode.ts";
import { toHeaders, toRequestHead } from "./mutations.ts";
import { Upload } from "./upload.ts";

/** For `%RESPONSE_CODE_DETAILS%`. */
const details = "postern";

/**
 * The engine talks to the provider itself and answers in Envoy's place. A streamed answer begins only after the request's end (Envoy 1.40
 * breaks what begins before); what ends before its request is sent as one immediate response, as is every whole answer.
 */
export const terminate: Opener = (parts, outlet, { part, protocol, observed }) => {
  if (observed) return "terminate needs a filter without observability_mode";
  if (protocol?.requestBody !== bodyModes.duplex) return "terminate needs request_body_mode FULL_DUPLEX_STREAMED";
  return part?.part === "headers" ? new Termination(parts, outlet) : "no headers";
};

class Termination implements Mode, Sink {
  readonly #gateway: Gateway;
  readonly #outlet: Outlet;
  readonly #answerBytes: number;
  readonly #upload: Upload;
  #flow: CallFlow | undefined;
  #uploaded = false;
  #head: HttpHead | undefined;
  #started = false;
  #ended = false;
  #held: Uint8Array[] = [];
  /** Of a streamed answer; a whole one is bounded by the engine. */
  #sent = 0;
  #cutting = false;

  constructor({ gateway, answerBytes }: Parts, outlet: Outlet) {
    this.#gateway = gateway;
    this.#answerBytes = answerBytes;
    this.#outlet = outlet;
    this.#upload = new Upload(outlet);
  }

  take(part: Part, { attributes }: Message): void {
    if (part.side === "response") this.#outlet.fail(statuses.invalidArgument, "an answer in terminate");
    else {
      if (part.part === "headers") this.#open(toRequestHead(part.headers, attributes));
      if (part.part === "body") this.#upload.push(part.bytes);
      if (part.part === "trailers" || part.last) this.#endUpload();
    }
  }

  gone(): void {
    this.#upload.fail(new Error("gone"));
    this.#flow?.abort(undefined);
  }

  cut(refusal: Refusal): void {
    this.#cutting = true;
    const { call } = this.#flow ?? {};
    if (call === undefined) this.#outlet.fail(statuses.unavailable, "cut");
    else {
      call.abort(refusal);
      // What waits for the rest of a body waits no longer, and tells the caller.
      this.#upload.fail(new Error("cut"));
    }
  }

  drained(): void {
    this.#flow?.resume();
  }

  head(head: HttpHead): void {
    this.#head = head;
  }

  data(bytes: Uint8Array): boolean {
    this.#held.push(bytes);
    const more = this.#push();
    if (this.#sent > this.#answerBytes && !this.#cutting) this.cut(new Refusal("answer_too_large"));
    return more;
  }

  end(): void {
    this.#ended = true;
    this.#push();
  }

  fail(): void {
    this.#outlet.fail(statuses.aborted, "the answer broke off");
  }

  #open(head: RequestHead | undefined): void {
    if (head === undefined) this.#outlet.fail(statuses.invalidArgument, "a request without method or path");
    else this.#flow = this.#gateway.handle({ ...head, body: this.#upload }, this);
  }

  #endUpload(): void {
    this.#uploaded = true;
    this.#upload.end();
    this.#push();
  }

  #push(): boolean {
    const head = this.#head;
    if (head === undefined) return true;
    if (!this.#started) {
      if (this.#ended) this.#answerWhole(head);
      // A length is told where the whole answer is at hand: its end comes in the same turn.
      const whole = head.headers["content-length"] !== undefined;
      if (this.#ended || whole || !this.#uploaded) return true;
      this.#started = true;
      const headers = toHeaders(head.headers);
      this.#outlet.send({ kind: "streamed_head", status: head.status, headers, metadata: this.#metadata() });
    }
    let more = true;
    for (const bytes of this.#taken()) {
      this.#sent += bytes.length;
      more = this.#outlet.send({ kind: "streamed_chunk", chunk: { bytes, last: false } });
    }
    if (this.#ended) {
      const chunk = { bytes: new Uint8Array(0), last: true };
      this.#outlet.finish({ kind: "streamed_chunk", chunk, metadata: this.#metadata() });
    }
    return more;
  }

  #answerWhole({ status, headers }: HttpHead): void {
    const body = Buffer.concat(this.#taken());
    const metadata = this.#metadata();
    this.#outlet.finish({ kind: "immediate", status, headers: toHeaders(headers), body, details, metadata });
  }

  #taken(): readonly Uint8Array[] {
    const held = this.#held;
    this.#held = [];
    return held;
  }

  #metadata(): Struct | undefined {
    const call = this.#flow?.call;
    return call && metadataOf(call.summary);
  }
}
