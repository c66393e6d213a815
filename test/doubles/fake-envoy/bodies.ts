import { Failure, type Fields, fieldOf, type Note } from "./fields.ts";
import type { CommonResponse, HeaderMutation } from "./protocol.ts";

/** Where one half of an HTTP exchange goes. `last`: nothing else follows, no `end` either. */
export interface Onward {
  headers(fields: Fields, end: boolean): void;
  data(bytes: Buffer, last?: boolean): void;
  end(trailers?: Fields): void;
}

/** How a body is shown to the processor, and what becomes of it. */
export interface Body {
  data(bytes: Buffer, last: boolean): void;
  end(trailers?: Fields): void;
  reply(common: CommonResponse): void;
  trailersReply(mutation: HeaderMutation | undefined): void;
  /** What is still here when the processor leaves. */
  rest(): readonly Buffer[];
}

/** The direction that a body belongs to. */
export interface Held {
  readonly side: "request" | "response";
  readonly fields: Fields;
  readonly onward: Onward;
  mutate(common: CommonResponse): void;
  mutated(trailers: Fields, mutation: HeaderMutation | undefined): Fields;
  /** The headers go on, if they have not yet. */
  forward(): void;
  readonly forwarded: boolean;
  send(part: "body" | "trailers", message: object): void;
  awaits(whether: boolean): void;
  finish(trailers?: Fields): void;
  note: Note;
}

export const spurious = (kind: string, why = ""): Failure => new Failure(`spurious message: ${kind}${why}`);

const nothing = Buffer.alloc(0);

/** Nobody looks any more. */
export const passing = ({ side, onward, finish }: Held): Body => ({
  data(bytes, last) {
    onward.data(bytes);
    if (last) finish();
  },
  end: finish,
  reply() {
    throw spurious(`${side}_body`);
  },
  trailersReply() {
    throw spurious(`${side}_trailers`);
  },
  rest: () => [],
});

/** CONTINUE_AND_REPLACE: what comes is dropped, its end is not. */
export const replaced = (held: Held): Body => ({
  ...passing(held),
  data(_bytes, last) {
    if (last) held.finish();
  },
});

export function buffered(held: Held, limit: number, overLimit: () => void): Body {
  const pieces: Buffer[] = [];
  let size = 0;
  let sent = false;
  let refused = false;
  const end = (): void => {
    sent = true;
    held.send("body", { body: Buffer.concat(pieces), end_of_stream: true });
    held.awaits(true);
  };
  return {
    ...passing(held),
    data(bytes, last) {
      if (refused) return;
      pieces.push(bytes);
      size += bytes.length;
      refused = size > limit;
      if (refused) overLimit();
      else if (last) end();
    },
    end() {
      if (!refused) end();
    },
    reply(common) {
      if (!sent) throw spurious(`${held.side}_body`);
      refuseStreamed(held, common);
      held.awaits(false);
      held.mutate(common);
      const bytes = changed(common, Buffer.concat(pieces));
      checkLength(held, common, bytes);
      held.forward();
      if (bytes.length > 0) held.onward.data(bytes);
      held.finish();
    },
    rest: () => pieces,
  };
}

/** One reply for each chunk, in order. */
export function streamed(held: Held): Body {
  const given: { readonly bytes: Buffer; readonly last: boolean }[] = [];
  const data = (bytes: Buffer, last: boolean): void => {
    given.push({ bytes, last });
    held.send("body", { body: bytes, end_of_stream: last });
    held.awaits(true);
  };
  return {
    ...passing(held),
    data,
    end: () => data(nothing, true),
    reply(common) {
      const piece = given.shift();
      if (!piece) throw spurious(`${held.side}_body`);
      refuseStreamed(held, common);
      held.awaits(given.length > 0);
      if (common.header_mutation) held.note("header_mutation in a streamed body reply is ignored");
      const bytes = changed(common, piece.bytes);
      if (!held.forwarded) checkLength(held, common, bytes);
      held.forward();
      if (bytes.length > 0) held.onward.data(bytes);
      if (piece.last) held.finish();
    },
    rest: () => given.map(({ bytes }) => bytes),
  };
}

/** What goes on is what the processor sends, when and as it likes; what it was given is not kept. */
export function duplex(held: Held, answered: () => boolean, endedEarly: () => void): Body {
  let trailers: Fields | undefined;
  let ended = false;
  let over = false;
  const data = (bytes: Buffer, last: boolean): void => {
    ended = last;
    held.send("body", { body: bytes, end_of_stream: last });
  };
  return {
    data,
    end(after) {
      ended = true;
      trailers = after;
      if (after === undefined) data(nothing, true);
      else held.send("trailers", { trailers: { headers: after.map(toValue) } });
    },
    reply({ body_mutation: mutation }) {
      const streaming = mutation?.streamed_response;
      if (!streaming) throw spurious(`${held.side}_body`, " without streamed_response");
      if (!answered()) throw spurious(`${held.side}_body`, " before its headers");
      if (over) throw spurious(`${held.side}_body`, " after its end");
      held.forward();
      if (streaming.body && streaming.body.length > 0) held.onward.data(streaming.body);
      if (!streaming.end_of_stream) return;
      over = true;
      held.finish();
      if (!ended) endedEarly();
    },
    trailersReply(mutation) {
      if (!trailers || over || !answered()) throw spurious(`${held.side}_trailers`);
      over = true;
      held.forward();
      held.finish(held.mutated(trailers, mutation));
    },
    rest: () => [],
  };
}

const toValue = ([key, value]: readonly [string, string]) => ({ key, raw_value: Buffer.from(value, "latin1") });

function refuseStreamed({ side }: Held, common: CommonResponse): void {
  if (common.body_mutation?.streamed_response) throw spurious(`${side}_body`, " with streamed_response");
}

function changed({ body_mutation: mutation }: CommonResponse, bytes: Buffer): Buffer {
  if (mutation?.clear_body) return nothing;
  return mutation?.body ?? bytes;
}

function checkLength({ fields }: Held, { body_mutation: mutation }: CommonResponse, bytes: Buffer): void {
  const length = fieldOf(fields, "content-length");
  if (!mutation || length === undefined || Number(length) === bytes.length) return;
  throw new Failure(`mismatch between content length ${length} and the length of the mutated body ${bytes.length}`);
}
