import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from "yaml";
import type { Path } from "../slot.ts";
import { isTooDeep } from "./depth.ts";
import type { Problem } from "./problems.ts";

export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A YAML text as a value, and where each part of the value stands. */
export interface YamlText {
  /** `undefined` where the text cannot be read at all. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** Where the nearest part of the path that exists stands. */
  locate(path: Path, at: "key" | "value"): Place;
}

/** What the parser calls it, as a message of our own: the parser's may quote the text, and a text may hold a key. */
const explanations: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  DUPLICATE_KEY: ["the key stands twice in its map", "keep one of the two"],
  TAB_AS_INDENT: ["a tab is used to indent", "indent with blanks"],
  BAD_INDENT: [
    "the indentation does not fit, or a bracket is not closed",
    "indent as deep as the entries above, close brackets",
  ],
  MULTIPLE_DOCS: ["a second document begins", "remove the line ---"],
  BLOCK_AS_IMPLICIT_KEY: [
    "a map begins where a single value is expected",
    "start a new line, or quote a value that holds a colon",
  ],
  MULTILINE_IMPLICIT_KEY: ["a key runs over several lines", "check the indentation, and the colon after the key"],
  MISSING_CHAR: ["a quote, a bracket or a comma is missing", "add it"],
  BAD_SCALAR_START: ["a value begins with a reserved character", "put the value in quotes"],
  TAG_RESOLVE_FAILED: ["a tag is not known", "put a value that begins with ! in quotes"],
  BAD_DQ_ESCAPE: ["an escape in double quotes is not known", "use single quotes"],
  BAD_ALIAS: ["an alias is not valid", "put a value that begins with * in quotes"],
  RESERVED_KEY: ["no key may have this name", "choose another name"],
  NON_STRING_KEY: ["a key is not a text", "put the key in quotes"],
};
const unreadable = ["is not valid YAML", "check quotes, brackets and indentation"] as const;

export function readYaml(text: string): YamlText {
  if (isTooDeep(text)) return { value: undefined, problems: [{ ...start, path: "", ...monster }], locate: () => start };
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
  });
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const flaws = [...document.errors, ...document.warnings].map(({ code, pos }) => ({
    code: `${code}`,
    offset: pos[0],
  }));
  flaws.push(...oversights(document));
  const problems = flaws.map(({ code, offset }) => {
    const [message, hint] = explanations[code] ?? unreadable;
    return { ...at(offset), path: "", message, hint };
  });
  const locate = (path: Path, end: "key" | "value") => at(offsetOf(document, path, end));
  if (flaws.some(({ code }) => !harmless.has(code))) return { value: undefined, problems, locate };
  try {
    return { value: document.toJS({ maxAliasCount: 100 }) ?? {}, problems, locate };
  } catch {
    return { value: undefined, problems: [...problems, { ...start, path: "", ...bomb }], locate };
  }
}

const start: Place = { line: 1, column: 1 };
const monster = { message: "the text is larger or nests deeper than any config", hint: "at most 1 MB and 64 levels" };

/** The rest of the text means what it says in spite of these. */
const harmless: ReadonlySet<string> = new Set(["DUPLICATE_KEY", "RESERVED_KEY"]);
const bomb = { message: "aliases unfold to too much", hint: "write the values out instead of using aliases" };

interface Flaw {
  readonly code: string;
  readonly offset: number;
}

/** What the parser lets pass: aliases without an anchor, and a key that JavaScript would take for an object's prototype. */
function oversights(document: Document): readonly Flaw[] {
  const seen: Flaw[] = [];
  const anchors = new Set<string>();
  visit(document, {
    Value(_, { anchor }) {
      if (anchor !== undefined) anchors.add(anchor);
    },
    Alias(_, alias) {
      if (!anchors.has(alias.source)) seen.push({ code: "BAD_ALIAS", offset: startOf(alias, 0) });
    },
    Pair(_, { key }) {
      if (isScalar(key) && key.value === "__proto__") seen.push({ code: "RESERVED_KEY", offset: startOf(key, 0) });
    },
  });
  return seen;
}

function offsetOf(document: Document, path: Path, at: "key" | "value"): number {
  let node: unknown = document.contents;
  let offset = startOf(node, 0);
  for (const [index, part] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    if (isSeq(node)) {
      node = node.items[Number(part)];
    } else if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
      const key = startOf(pair?.key, offset);
      node = pair?.value;
      offset = index === path.length - 1 && at === "key" ? key : startOf(node, key);
      continue;
    } else return offset;
    offset = startOf(node, offset);
  }
  return offset;
}

function startOf(node: unknown, otherwise: number): number {
  if (isPair(node)) return startOf(node.key, otherwise);
  return isNode(node) ? ((node as Node).range?.[0] ?? otherwise) : otherwise;
}
