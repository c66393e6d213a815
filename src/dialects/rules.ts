import type { RuleNode, Section, SlotClass } from "../slot.ts";

export const text = (section: Section): SlotClass => ({ kind: "text", section, encoding: "text", otherwise: "text" });

/** An id, an enum or a signature: never edited, a hit in it refuses the call. */
export const opaque = (section: Section): SlotClass => ({
  kind: "opaque",
  section,
  encoding: "text",
  otherwise: "opaque",
});

/** Text that is itself JSON, such as the arguments of a tool call. */
export const json = (section: Section): SlotClass => ({ kind: "text", section, encoding: "json", otherwise: "text" });

export const binary = (section: Section, otherwise: "text" | "opaque" = "text"): SlotClass => ({
  kind: "binary",
  section,
  encoding: "text",
  otherwise,
});

interface Building {
  keys: Map<string, Building>;
  items: Building | undefined;
  slot: SlotClass | undefined;
  below: SlotClass | undefined;
}

const emptyNode = (): Building => ({ keys: new Map(), items: undefined, slot: undefined, below: undefined });

/** A key, or `[]`, or `.` between two of them. */
const part = /([^.*[\]]+)|(\[\])|(\.)/y;

/** `messages[].content` as `["messages", 0, "content"]`, where 0 stands for every item. */
function partsOf(pattern: string): (string | 0)[] {
  const parts: (string | 0)[] = [];
  part.lastIndex = 0;
  let key = true;
  while (part.lastIndex < pattern.length) {
    const match = part.exec(pattern);
    const fits = match !== null && (match[1] === undefined) !== key;
    if (!fits) throw new Error(`"${pattern}" is not a pattern of places`);
    if (match[3] === undefined) parts.push(match[1] ?? 0);
    key = match[3] !== undefined;
  }
  if (key) throw new Error(`"${pattern}" is not a pattern of places`);
  return parts;
}

function child(node: Building, name: string | 0): Building {
  const known = name === 0 ? node.items : node.keys.get(name);
  if (known) return known;
  const made = emptyNode();
  if (name === 0) node.items = made;
  else node.keys.set(name, made);
  return made;
}

function freeze(node: Building): RuleNode {
  return {
    ...(node.keys.size > 0 && { keys: new Map([...node.keys].map(([name, below]) => [name, freeze(below)])) }),
    ...(node.items && { items: freeze(node.items) }),
    ...(node.slot && { slot: node.slot }),
    ...(node.below && { below: node.below }),
  };
}

/**
 * Compiles patterns of places into the tree that the walk descends. `[]` stands for every item of an array; `place.**` is that place and
 * everything below it. A longer pattern wins over a `**` above it, and an exact one over a `**` at the same place, in any order.
 * Throws an `Error` where a pattern cannot be read.
 * @example rules(text("other"), { model: opaque("other"), "messages[].content": text("messages"), "tools[].**": text("tools") })
 */
export function rules(root: SlotClass, patterns: Readonly<Record<string, SlotClass>>): RuleNode {
  const tree = emptyNode();
  tree.below = root;
  const exact = new Map<Building, SlotClass>();
  for (const [pattern, slotClass] of Object.entries(patterns)) {
    const deep = pattern.endsWith(".**");
    const node = partsOf(deep ? pattern.slice(0, -3) : pattern).reduce(child, tree);
    if (deep) node.below = slotClass;
    if (deep) node.slot = slotClass;
    else exact.set(node, slotClass);
  }
  for (const [node, slotClass] of exact) node.slot = slotClass;
  return freeze(tree);
}
