import { type Attempt, type Call, type Gateway, type Host, Refusal, type RequestHead } from "../../src/index.ts";
import type { Message, Part } from "./codec/messages.ts";
import { createInflate, type Inflate } from "./inflate.ts";
import { type Mode, type Opener, type Outlet, type Parts, statuses } from "./mode.ts";
import { toHttpHead, toRequestHead } from "./mutations.ts";
import { Upload } from "./upload.ts";

const watching: Host = { takesBack: true, mutates: false };

/** A tap that asked Envoy to wait would be in the way. */
const unpaced = { pause() {}, resume() {} };

/** Copies of a request and its answer, seen and never answered. Without the answer's end the call was aborted. */
export const tap: Opener = (parts, outlet, { part, observed }) => {
  if (!observed) return "tap needs a filter with observability_mode";
  return part?.part === "headers" ? new Tap(parts, outlet) : "no headers";
};

class Tap implements Mode {
  readonly #gateway: Gateway;
  readonly #outlet: Outlet;
  readonly #answerBytes: number;
  readonly #picked: string | undefined;
  readonly #upload = new Upload(unpaced);
  #call: Call | undefined;
  /** What is seen of the answer, in order: it may overtake what the steps do about the request. */
  #lane: Promise<Attempt | undefined> = Promise.resolve(undefined);
  #waiting = 0;
  /** The answer's end was seen: Envoy closes then, and what waits in the lane is still read. */
  #whole = false;
  #inflate: Inflate | undefined;

  constructor({ gateway, answerBytes, picked }: Parts, outlet: Outlet) {
    this.#picked = picked;
    this.#gateway = gateway;
    this.#outlet = outlet;
    this.#answerBytes = answerBytes;
  }

  take(part: Part, { attributes }: Message): void {
    if (part.side === "response") this.#follow(part);
    else {
      if (part.part === "headers") this.#open(toRequestHead(part.headers, attributes));
      if (part.part === "body") this.#upload.push(part.bytes);
      if (part.part === "trailers" || part.last) this.#upload.end();
    }
  }

  gone(): void {
    this.#upload.fail(new Error("gone"));
    if (!this.#whole) this.#drop();
  }

  cut(refusal: Refusal): void {
    this.#call?.abort(refusal);
    this.#outlet.leave();
  }

  drained(): void {}

  #drop(): void {
    this.#upload.fail(new Error("gone"));
    this.#inflate?.destroy();
    this.#call?.abort(undefined);
  }

  #open(head: RequestHead | undefined): void {
    if (head === undefined) this.#outlet.fail(statuses.invalidArgument, "a request without method or path");
    else {
      this.#call = this.#gateway.open(head, watching);
      this.#lane = this.#attempt(this.#call);
      this.#lane.catch(() => {});
    }
  }

  async #attempt(call: Call): Promise<Attempt | undefined> {
    if ((await call.admitted) === 0) this.#upload.drop();
    await call.receive(this.#upload);
    const attempt = await call.next(this.#picked);
    attempt?.onStop((reason) => attempt.fail(reason));
    return attempt;
  }

  #follow(part: Part): void {
    const bytes = part.part === "body" ? part.bytes.length : 0;
    this.#waiting += bytes;
    if (this.#waiting > this.#answerBytes) {
      this.#drop();
      this.#outlet.leave();
      return;
    }
    if (part.part === "trailers" || part.last) this.#whole = true;
    this.#lane = this.#lane.then(async (attempt) => {
      this.#waiting -= bytes;
      if (attempt !== undefined) await this.#see(attempt, part);
      if (part.part === "trailers" || part.last) this.#outlet.leave();
      return attempt;
    });
    this.#lane.catch(() => {
      this.#drop();
      this.#outlet.leave();
    });
  }

  async #see(attempt: Attempt, part: Part): Promise<void> {
    if (part.part === "headers") {
      const head = toHttpHead(part.headers);
      if (head === undefined) return void attempt.fail(new Refusal("upstream_invalid"));
      const inflate = createInflate(head.headers, this.#answerBytes);
      if (inflate === "unknown") return void attempt.fail(new Refusal("upstream_invalid"));
      this.#inflate = inflate;
      attempt.head(head);
    }
    const last = part.part === "trailers" || part.last;
    const bytes = part.part === "body" ? part.bytes : new Uint8Array(0);
    try {
      const pieces = this.#inflate === undefined ? [bytes] : await this.#inflate.write(bytes, last);
      for (const piece of pieces) if (piece.length > 0) attempt.write(piece);
      if (last) attempt.end();
    } catch (cause) {
      attempt.fail(cause);
    }
  }
}
