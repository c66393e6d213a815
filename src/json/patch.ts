import type { Path } from "../slot.ts";
import { type Body, childAt, container, containerAt, openBrace, openBracket, valueEnd } from "./body.ts";
import { inOrder, type Splice } from "./splice.ts";

export interface Setting {
  readonly path: Path;
  readonly value: unknown;
}

/** What to set at a place (`text`, as JSON) or inside of it (`children`). */
interface Patch {
  text: string;
  children: Map<string | number, Patch> | undefined;
  /** Nothing of what stands here stays. */
  whole: boolean;
}

const emptyPatch = (): Patch => ({ text: "", children: undefined, whole: false });

function toJson(value: unknown): string {
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined || (typeof value === "number" && !Number.isFinite(value))) {
    throw new Error("only what JSON has a value for can be set");
  }
  return text;
}

function add(root: Patch, { path, value }: Setting): void {
  let patch = root;
  for (const name of path) {
    patch.children ??= new Map();
    const child = patch.children.get(name) ?? emptyPatch();
    patch.children.set(name, child);
    patch = child;
  }
  patch.text = toJson(value);
  patch.children = undefined;
  patch.whole = true;
}

function member(name: string | number, patch: Patch): string {
  if (typeof name === "number") throw new Error("an item can be set where the array has it, not added");
  return `${JSON.stringify(name)}:${render(patch)}`;
}

function render({ text, children }: Patch): string {
  return children ? `{${Array.from(children, ([name, patch]) => member(name, patch)).join(",")}}` : text;
}

/** Arrays hold items by number, objects members by name, and nothing else holds anything. */
function holds(first: number | undefined, children: ReadonlyMap<string | number, Patch>): boolean {
  if (first !== openBrace && first !== openBracket) return false;
  for (const name of children.keys()) if ((typeof name === "number") !== (first === openBracket)) return false;
  return true;
}

/** Behind the last value of the container at `at`, before any space. */
function insertionPoint(body: Body, at: number, id: number): number {
  if (id < 0) return at + 1;
  let end = (body.containers[id + container.end] as number) - 1;
  while ((body.bytes[end - 1] as number) <= 0x20) end--;
  return end;
}

function merge(body: Body, at: number, patch: Patch, splices: Splice[]): void {
  const { children } = patch;
  if (children === undefined || patch.whole || !holds(body.bytes[at], children)) {
    splices.push({ start: at, end: valueEnd(body, at), text: render(patch) });
    return;
  }
  const id = containerAt(body, at);
  const added: string[] = [];
  for (const [name, child] of children) {
    const found = id < 0 ? -1 : childAt(body, id, name);
    if (found < 0) added.push(member(name, child));
    else merge(body, found, child, splices);
  }
  if (added.length === 0) return;
  const point = insertionPoint(body, at, id);
  splices.push({ start: point, end: point, text: (id < 0 ? "" : ",") + added.join(",") });
}

/**
 * The splices that set values in a body, in order. A missing member is added at the end of its object, with the parents it lacks;
 * what stands in their way is replaced. Of two settings of one place the later one wins.
 */
export function toSplices(body: Body, settings: readonly Setting[]): Splice[] {
  const root = emptyPatch();
  for (const setting of settings) add(root, setting);
  const splices: Splice[] = [];
  if (settings.length > 0) merge(body, body.root, root, splices);
  return splices.sort(inOrder);
}
