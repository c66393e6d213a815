import type { Path } from "../slot.ts";
import { type Body, container, openBrace, openBracket } from "./body.ts";
import { childAt, containerAt, type Member, membersOf, valueEnd } from "./lookup.ts";
import { inOrder, type Splice } from "./splice.ts";

export interface Setting {
  readonly path: Path;
  /** `undefined`: the member is taken out. */
  readonly value: unknown;
}

/** What to set at a place (`text`, as JSON) or inside of it (`children`). */
interface Patch {
  text: string;
  children: Map<string | number, Patch> | undefined;
  /** Nothing of what stands here stays. */
  whole: boolean;
  /** Nor does its key. */
  gone: boolean;
}

const emptyPatch = (): Patch => ({ text: "", children: undefined, whole: false, gone: false });

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
    if (patch.gone && value === undefined) return;
    patch.gone = false;
  }
  patch.gone = value === undefined;
  patch.text = patch.gone ? "" : toJson(value);
  patch.children = undefined;
  patch.whole = true;
}

function member(name: string | number, patch: Patch): string {
  if (typeof name === "number") throw new Error("an item can be set where the array has it, not added");
  return `${JSON.stringify(name)}:${render(patch)}`;
}

/** Something stands there afterwards, even where nothing did before. */
const adds = ({ gone, children }: Patch): boolean =>
  !gone && (children === undefined || [...children.values()].some(adds));

function render({ text, children }: Patch): string {
  if (children === undefined) return text;
  const left = [...children].filter(([, patch]) => adds(patch));
  return `{${left.map(([name, patch]) => member(name, patch)).join(",")}}`;
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

/** Cuts members out together with one comma each; tells whether any is left. */
function takeOut(members: readonly Member[], gone: ReadonlySet<number>, splices: Splice[]): boolean {
  const lastLeft = members.findLastIndex(({ value }) => !gone.has(value));
  members.forEach(({ start, value, end }, index) => {
    if (!gone.has(value)) return;
    const next = members[index + 1];
    if (index < lastLeft && next !== undefined) splices.push({ start, end: next.start, text: "" });
    else splices.push({ start: members[index - 1]?.end ?? start, end, text: "" });
  });
  return lastLeft >= 0;
}

function merge(body: Body, at: number, patch: Patch, splices: Splice[]): void {
  const { children } = patch;
  if (!adds(patch) && children !== undefined && !holds(body.bytes[at], children)) return;
  if (children === undefined || patch.whole || !holds(body.bytes[at], children)) {
    splices.push({ start: at, end: valueEnd(body, at), text: render(patch) });
    return;
  }
  const id = containerAt(body, at);
  const added: string[] = [];
  const gone = new Set<number>();
  for (const [name, child] of children) {
    const found = id < 0 ? -1 : childAt(body, id, name);
    if (!child.gone) {
      if (found >= 0) merge(body, found, child, splices);
      else if (adds(child)) added.push(member(name, child));
    } else if (typeof name === "number") throw new Error("an item is not taken out");
    else if (found >= 0) gone.add(found);
  }
  const anyLeft = gone.size === 0 ? id >= 0 : takeOut(membersOf(body, id), gone, splices);
  if (added.length === 0) return;
  const point = insertionPoint(body, at, id);
  splices.push({ start: point, end: point, text: (anyLeft ? "," : "") + added.join(",") });
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
