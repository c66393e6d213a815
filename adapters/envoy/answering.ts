import type { Attempt, Call, Clock, HttpHead, Reply } from "../../src/index.ts";
import { bodyModes, type Headers, type Part } from "./codec/messages.ts";
import { createInflate, type Inflate } from "./inflate.ts";
import { metadataOf } from "./metadata.ts";
import { type Outlet, statuses } from "./mode.ts";
import { toCaller, toHeaders } from "./mutations.ts";

export interface AnsweringParts {
  readonly call: Call;
  readonly attempt: Attempt;
  readonly head: HttpHead;
  readonly outlet: Outlet;
  readonly clock: Clock;
  /** The filter's response_body_mode. */
  readonly bodyMode: number;
  /** Of an encoded answer, decoded. */
  readonly answerBytes: number;
}

const noBytes = new Uint8Array(0);
/** Envoy recommends at most 64 KiB for a chunk that is no reply. */
const mostInChunk = 62_000;
/** How long an end waits for a provider's next piece to be told with; less than what a closing server gives. */
const tellWithin = 400;

const isStream = ({ status, headers }: HttpHead): boolean =>
  status < 300 && String(headers["content-type"]).toLowerCase().startsWith("text/event-stream");

/**
 * A provider's answer on its way through Envoy. Its framing decides what can be said when: `whole` once, for all; `streamed` one reply for
 * each chunk, so that what the engine adds waits for the next one; `duplex` at any time, and only there can an answer end early and well.
 */
export class Answering {
  readonly #parts: AnsweringParts;
  readonly #inflate: Inflate | undefined;
  readonly #framing: "whole" | "streamed" | "duplex";
  /** Said by the engine while nothing could be sent. */
  #owed: Uint8Array[] = [];
  #quietSince = 0;
  #stopWatch = (): void => {};

  /** `undefined` where the answer has a content-encoding that cannot be undone. */
  static open(parts: AnsweringParts): Answering | undefined {
    const inflate = createInflate(parts.head.headers, parts.answerBytes);
    return inflate === "unknown" ? undefined : new Answering(parts, inflate);
  }

  constructor(parts: AnsweringParts, inflate: Inflate | undefined) {
    this.#parts = parts;
    this.#inflate = inflate;
    const whole = parts.bodyMode === bodyModes.buffered && !isStream(parts.head);
    this.#framing = parts.bodyMode === bodyModes.duplex ? "duplex" : whole ? "whole" : "streamed";
  }

  take(part: Part): Promise<void> | void {
    if (part.part === "headers") {
      this.#parts.attempt.head(this.#parts.head);
      return part.last ? this.#bodyless(part.headers) : this.#head(part.headers);
    }
    const bytes = part.part === "body" ? part.bytes : noBytes;
    const last = part.part === "trailers" || part.last;
    const trailers = part.part === "trailers" ? part.headers : undefined;
    if (this.#inflate === undefined) return this.#write([bytes], last, trailers);
    return this.#inflate.write(bytes, last).then(
      (pieces) => this.#write(pieces, last, trailers),
      (cause) => this.#say([this.#parts.attempt.fail(cause)], last, trailers),
    );
  }

  /** Ends the attempt from our side. */
  stop(reason: unknown): void {
    const { attempt, clock } = this.#parts;
    this.#owed.push(attempt.fail(reason));
    this.#inflate?.destroy();
    if (this.#framing === "duplex") this.#say([], false);
    else if (this.#framing === "whole") this.#instead();
    else if (attempt.state === "broken") this.#break();
    else this.#stopWatch = clock.after(tellWithin, () => this.#owed.length > 0 && this.#break());
  }

  gone(): void {
    this.#stopWatch();
    this.#inflate?.destroy();
  }

  #head(came: Headers): void {
    const { attempt, head, outlet, bodyMode, call } = this.#parts;
    const change = toCaller(came, attempt.out);
    const override = this.#framing === "streamed" && bodyMode === bodyModes.buffered;
    outlet.send({
      kind: "headers",
      side: "response",
      change,
      responseBody: override ? bodyModes.streamed : undefined,
      metadata: metadataOf(call.summary),
    });
    if (this.#framing === "duplex" && isStream(head)) this.#watch(call.keepAlive);
  }

  #bodyless(came: Headers): void {
    const { attempt, outlet, call } = this.#parts;
    const body = attempt.end();
    const metadata = metadataOf(call.summary);
    if (attempt.state === "broken") this.#instead();
    else if (body.length === 0)
      outlet.finish({ kind: "headers", side: "response", change: toCaller(came, attempt.out), metadata });
    else this.#immediate({ ...attempt.out, body });
  }

  #write(pieces: readonly Uint8Array[], last: boolean, trailers: Headers | undefined): void {
    const { attempt } = this.#parts;
    const out: Uint8Array[] = [];
    for (const piece of pieces) if (piece.length > 0) out.push(attempt.write(piece));
    if (last) out.push(attempt.end());
    this.#say(out, last, trailers);
  }

  /** @param last the provider's answer has ended. */
  #say(pieces: readonly Uint8Array[], last: boolean, trailers?: Headers): void {
    const said = [...this.#owed, ...pieces].filter(({ length }) => length > 0);
    this.#owed = [];
    const bytes = said.length === 1 ? (said[0] as Uint8Array) : Buffer.concat(said);
    if (this.#framing === "whole") this.#sayWhole(bytes, last);
    else if (this.#parts.attempt.state === "broken") this.#break();
    else if (this.#framing === "duplex") this.#sayDuplex(bytes, last, trailers);
    else this.#sayStreamed(bytes, last, trailers);
  }

  #sayWhole(bytes: Uint8Array, last: boolean): void {
    const { attempt, outlet, call } = this.#parts;
    const change = { set: [["content-length", String(bytes.length)] as const], remove: [] };
    if (!last) outlet.fail(statuses.invalidArgument, "an answer that is not buffered");
    else if (attempt.state === "broken") this.#instead();
    else outlet.finish({ kind: "body", side: "response", body: bytes, change, metadata: metadataOf(call.summary) });
  }

  #sayStreamed(bytes: Uint8Array, last: boolean, trailers: Headers | undefined): void {
    const { outlet, call } = this.#parts;
    // In a reply to trailers no text can be said.
    if (trailers !== undefined && bytes.length > 0) this.#break();
    else if (trailers !== undefined) this.#endWith(trailers);
    else if (last) outlet.finish({ kind: "body", side: "response", body: bytes, metadata: metadataOf(call.summary) });
    else outlet.send({ kind: "body", side: "response", body: bytes });
  }

  #sayDuplex(bytes: Uint8Array, last: boolean, trailers: Headers | undefined): void {
    const { attempt, outlet, call } = this.#parts;
    this.#quietSince = this.#parts.clock.ticks();
    const ended = last || attempt.state !== "committed";
    let at = 0;
    for (; bytes.length - at > mostInChunk; at += mostInChunk) this.#chunk(bytes.subarray(at, at + mostInChunk));
    const rest = bytes.subarray(at);
    if (trailers === undefined && ended) {
      this.#stopWatch();
      const metadata = metadataOf(call.summary);
      outlet.finish({ kind: "body", side: "response", chunk: { bytes: rest, last: true }, metadata });
    } else if (rest.length > 0) this.#chunk(rest);
    if (trailers !== undefined) this.#endWith(trailers);
  }

  #chunk(bytes: Uint8Array): void {
    this.#parts.outlet.send({ kind: "body", side: "response", chunk: { bytes, last: false } });
  }

  /** A provider's trailers stay here. */
  #endWith(trailers: Headers): void {
    this.#stopWatch();
    const { outlet, call } = this.#parts;
    const change = { set: [], remove: trailers.map(([name]) => name) };
    outlet.finish({ kind: "trailers", side: "response", change, metadata: metadataOf(call.summary) });
  }

  /** Nothing has reached the caller yet: it gets an error of ours, whole. */
  #instead(): void {
    this.#immediate(this.#parts.call.reply());
  }

  #immediate({ status, headers, body }: Reply): void {
    const { call, outlet } = this.#parts;
    const metadata = metadataOf(call.summary);
    outlet.finish({ kind: "immediate", status, headers: toHeaders(headers), body, details: "postern", metadata });
  }

  #break(): void {
    this.#parts.outlet.fail(statuses.aborted, "the answer broke off");
  }

  /** One timer per keep-alive span, however many chunks pass. */
  #watch(keepAlive: number): void {
    const { attempt, clock, outlet } = this.#parts;
    this.#quietSince = clock.ticks();
    const check = (): void => {
      const quiet = clock.ticks() - this.#quietSince;
      const due = quiet + 1 >= keepAlive;
      if (due) this.#say([attempt.idle()], false);
      if (!outlet.over) this.#stopWatch = clock.after(due ? keepAlive : keepAlive - quiet, check);
    };
    this.#stopWatch = clock.after(keepAlive, check);
  }
}
