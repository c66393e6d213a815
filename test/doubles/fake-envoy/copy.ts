import type { Direction, DirectionParts } from "./direction-parts.ts";
import { type Fields, toHeaderMap } from "./fields.ts";
import type { RequestKind } from "./protocol.ts";

/** A direction of a tap: everything goes on as it is, and a copy goes to the processor, whose answers count for nothing. */
export function createCopy({ side, onward, send, completed }: DirectionParts): Direction {
  let ended = false;
  let stopped = false;
  const copy = (part: "headers" | "body" | "trailers", message: object): void => {
    const kind: RequestKind = `${side}_${part}`;
    send({ [kind]: message, observability_mode: true });
  };
  const end = (trailers?: Fields): void => {
    ended = true;
    if (stopped) return;
    onward.end(trailers);
    completed();
  };
  return {
    headers(fields, last) {
      if (stopped) return;
      ended = last;
      copy("headers", { headers: toHeaderMap(fields), end_of_stream: last });
      onward.headers(fields, last);
      if (last) completed();
    },
    data(bytes, last = false) {
      if (stopped) return;
      copy("body", { body: bytes, end_of_stream: last });
      onward.data(bytes);
      if (last) end();
    },
    end(trailers) {
      if (!stopped) copy("body", { body: Buffer.alloc(0), end_of_stream: true });
      end(trailers);
    },
    reply: () => {},
    release: () => {},
    stop() {
      stopped = true;
    },
    untouched: true,
    get inputEnded() {
      return ended;
    },
    get complete() {
      return ended;
    },
  };
}
