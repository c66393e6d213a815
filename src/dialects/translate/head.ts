import { type HttpHead, header } from "../../http.ts";
import type { HeadNames } from "./model.ts";

const limited = ["requests", "tokens", "input-tokens", "output-tokens"];
const measures = ["limit", "remaining", "reset"];

/** A provider's head with its request id and its limits by the names of another wire; every other header as it is. */
export function translateHead(head: HttpHead, from: HeadNames, to: HeadNames, now: number): HttpHead {
  const headers: Record<string, HttpHead["headers"][string]> = { ...head.headers };
  const move = (old: string, own: string, value = header(head.headers, old)) => {
    if (value === undefined) return;
    delete headers[old];
    headers[own] = value;
  };
  move(from.requestId, to.requestId);
  for (const what of limited) {
    for (const measure of measures) {
      const old = from.limit(what, measure);
      const told = header(head.headers, old);
      if (told === undefined) continue;
      const at = measure === "reset" ? from.readReset(told, now) : undefined;
      if (measure === "reset" && at === undefined) delete headers[old];
      else move(old, to.limit(what, measure), at === undefined ? told : to.writeReset(at, now));
    }
  }
  return { status: head.status, headers };
}
