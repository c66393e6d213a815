import {
  type Body,
  buffered,
  duplex,
  type Held,
  type Onward,
  passing,
  replaced,
  spurious,
  streamed,
} from "./bodies.ts";
import type { Direction, DirectionParts, Part, Side } from "./direction-parts.ts";
import { type Fields, mutate, type Note, toHeaderMap, without } from "./fields.ts";
import { bodyMode, type CommonResponse, type HeaderMutation } from "./protocol.ts";

export function createDirection(parts: DirectionParts): Direction {
  return new Way(parts);
}

class Way implements Direction, Held {
  readonly side: Side;
  readonly onward: Onward;
  readonly note: Note;
  readonly #parts: DirectionParts;
  fields: Fields = [];
  forwarded = false;
  inputEnded = false;
  complete = false;
  untouched = true;
  #stopped = false;
  #bodyless = false;
  #awaitsHeaders = false;
  /** What came while the headers were being looked at. */
  #waiting: Buffer[] = [];
  #body: Body | undefined;

  constructor(parts: DirectionParts) {
    this.#parts = parts;
    this.side = parts.side;
    this.onward = parts.onward;
    this.note = parts.note;
  }

  headers(fields: Fields, end: boolean): void {
    if (this.#stopped) return;
    this.fields = fields;
    this.inputEnded = end;
    this.#bodyless = end;
    const { headers, body } = this.#parts.modes();
    if (this.#body || !headers) {
      this.#pass();
      return;
    }
    this.#awaitsHeaders = true;
    if (body === bodyMode.duplex) {
      this.#body = duplex(this, () => !this.#awaitsHeaders, this.#parts.endedEarly);
    }
    this.#send("headers", { headers: toHeaderMap(fields), end_of_stream: end });
    this.awaits(body !== bodyMode.duplex);
  }

  data(bytes: Buffer, last = false): void {
    if (this.#stopped) return;
    this.inputEnded = last;
    if (this.#body) this.#body.data(bytes, last);
    else this.#waiting.push(bytes);
  }

  end(trailers?: Fields): void {
    this.inputEnded = true;
    if (!this.#stopped) this.#body?.end(trailers);
  }

  reply(part: Part, common: CommonResponse, mutation?: HeaderMutation): void {
    if (part === "headers") this.#headersReply(common);
    else if (!this.#body) throw spurious(`${this.side}_${part}`);
    else if (part === "body") this.#body.reply(common);
    else this.#body.trailersReply(mutation);
    this.untouched = false;
  }

  release(): void {
    if (this.#stopped || this.complete) return;
    this.awaits(false);
    const here = [...(this.#body?.rest() ?? []), ...this.#waiting];
    this.#pass();
    for (const bytes of here) this.onward.data(bytes);
    if (this.inputEnded && !this.#bodyless) this.finish();
  }

  stop(): void {
    this.#stopped = true;
    this.awaits(false);
  }

  awaits = (whether: boolean): void => this.#parts.awaits(whether);

  send = (part: Part, message: object): void => this.#send(part, message);

  mutate = (common: CommonResponse): void => {
    this.fields = mutate(this.fields, common.header_mutation, this.note, { replaces: common.status === 1 });
    this.#parts.clearRoute(this.fields, common);
  };

  mutated = (trailers: Fields, mutation: HeaderMutation | undefined): Fields => mutate(trailers, mutation, this.note);

  forward = (): void => {
    if (this.forwarded) return;
    this.forwarded = true;
    this.onward.headers(this.fields, this.#bodyless);
  };

  finish = (trailers?: Fields): void => {
    this.onward.end(trailers);
    this.#done();
  };

  #send(part: Part, message: object): void {
    this.#parts.send({ [`${this.side}_${part}`]: message });
  }

  #done(): void {
    this.complete = true;
    this.#parts.completed();
  }

  /** From here on nothing is shown. A release may come before the headers do. */
  #pass(): void {
    this.#awaitsHeaders = false;
    this.#body = passing(this);
    if (this.fields.length === 0) return;
    this.forward();
    if (this.#bodyless) this.#done();
  }

  #headersReply(common: CommonResponse): void {
    if (!this.#awaitsHeaders) throw spurious(`${this.side}_headers`);
    this.awaits(false);
    this.mutate(common);
    this.#awaitsHeaders = false;
    const { body, configured } = this.#parts.modes();
    const stripped = body === bodyMode.duplex || (body === bodyMode.streamed && configured === body);
    if (common.status === 1) this.#replace(common);
    else {
      if (stripped) this.fields = without(this.fields, "content-length");
      if (this.#bodyless) this.#pass();
      else this.#show(body);
    }
  }

  /** The body, after its headers were answered. */
  #show(body: number): void {
    const waited = this.#waiting;
    this.#waiting = [];
    if (body === bodyMode.duplex) {
      // Headers of a message that is all there wait for the first piece of its body.
      if (!this.inputEnded) this.forward();
    } else if (body === bodyMode.streamed) this.#stream(Buffer.concat(waited));
    else {
      if (body === bodyMode.buffered) this.#body = buffered(this, this.#parts.limit, this.#parts.overLimit);
      else this.#pass();
      for (const bytes of waited) this.#body?.data(bytes, false);
      if (this.inputEnded) this.#body?.end();
      else if (body === bodyMode.none) this.#done();
    }
  }

  /** A body that is all there travels as one chunk, and its headers wait for it. */
  #stream(waited: Buffer): void {
    this.#body = streamed(this);
    if (!this.inputEnded) this.forward();
    if (this.inputEnded || waited.length > 0) this.#body.data(waited, this.inputEnded);
  }

  #replace({ body_mutation: mutation }: CommonResponse): void {
    this.#body = replaced(this);
    this.fields = without(this.fields, "content-length");
    this.#bodyless = false;
    this.forward();
    this.onward.data(mutation?.body ?? Buffer.alloc(0));
    if (this.inputEnded) this.finish();
  }
}
