import type { Change } from "../slot.ts";
import { type Body, container, openBracket } from "./body.ts";
import { containerAt, locate } from "./lookup.ts";
import type { Splice } from "./splice.ts";

/** The splices that add items, in order; what the array holds stays as it stands. Throws an `Error` where there is no array. */
export function additionSplices(body: Body, { path, before, after }: Extract<Change, { before: unknown }>): Splice[] {
  const at = locate(body, path);
  if (body.bytes[at] !== openBracket) throw new Error("items can be added to an array only");
  const first = before.map((item) => JSON.stringify(item)).join(",");
  const last = after.map((item) => JSON.stringify(item)).join(",");
  const id = containerAt(body, at);
  if (id < 0) {
    const text = [first, last].filter((part) => part !== "").join(",");
    return text === "" ? [] : [{ start: at + 1, end: at + 1, text }];
  }
  const splices: Splice[] = [];
  if (first !== "") splices.push({ start: at + 1, end: at + 1, text: `${first},` });
  let end = (body.containers[id + container.end] as number) - 1;
  while ((body.bytes[end - 1] as number) <= 0x20) end--;
  if (last !== "") splices.push({ start: end, end, text: `,${last}` });
  return splices;
}
