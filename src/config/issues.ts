import type { z } from "zod";
import type { Path } from "../slot.ts";
import { type Fault, printedKey } from "./problems.ts";
import { jsonSchema } from "./schema.ts";
import { choose } from "./suggest.ts";

type Issue = z.core.$ZodIssue;

/** The part of JSON Schema that the config's own uses. */
interface Node {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly propertyNames?: { readonly enum?: readonly string[] };
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
}

/** What the schema found wrong with `input`, in words. */
export function faultsOf(issues: readonly Issue[], input: unknown): readonly Fault[] {
  const root = jsonSchema() as Node;
  return issues.flatMap((issue) => faults(issue, input, root));
}

function faults(issue: Issue, input: unknown, root: Node): readonly Fault[] {
  const path = issue.path.map((part) => (typeof part === "number" ? part : String(part)));
  const node = nodeAt(root, path);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey([...path, key], key, node));
    case "invalid_key":
      return [
        { path, at: "key", message: issue.issues[0]?.message ?? "the name is not valid", hint: "choose another name" },
      ];
    case "invalid_union":
      return union(issue, path).flatMap((inner) => faults(inner, input, root));
    default:
      return [{ path, at: "value", ...wrongValue(issue, valueAt(input, path), node) }];
  }
}

function unknownKey(path: Path, key: string, node: Node | undefined): Fault {
  const known = Object.keys(node?.properties ?? {}).concat(node?.propertyNames?.enum ?? []);
  const glued = /^([^:=\s]+)[:=]/.exec(key)?.[1];
  const hint =
    glued !== undefined && known.includes(glued)
      ? `put a blank after "${glued}:"`
      : choose(key, known, "the keys here are");
  return { path, at: "key", message: `the key ${printedKey(key)} is not known`, hint };
}

/** The issues of the alternative that came nearest: the one that got deepest into the value. */
function union(issue: Extract<Issue, { code: "invalid_union" }>, path: Path): readonly Issue[] {
  const depth = (issues: readonly Issue[]) => Math.max(0, ...issues.map((inner) => inner.path.length));
  const nearest = [...issue.errors].sort((one, other) => depth(other) - depth(one))[0] ?? [];
  return nearest.map((inner) => ({ ...inner, path: [...path, ...inner.path] }));
}

function wrongValue(issue: Issue, value: unknown, node: Node | undefined): Pick<Fault, "message" | "hint"> {
  const meant = node?.description ?? "see the reference";
  if (value === undefined) return { message: "the value is missing", hint: `add it: ${meant}` };
  if (issue.code === "invalid_value") {
    const options = issue.values.map(String);
    return { message: `expected ${options.join(", ")}`, hint: choose(value, options, "choose one of") };
  }
  if (issue.code === "invalid_type" && issue.message.startsWith("Invalid input")) {
    return { message: `expected ${nameOf(issue.expected)}, found ${kindOf(value)}`, hint: meant };
  }
  return { message: issue.message, hint: meant };
}

const nameOf = (expected: string): string =>
  ({ string: "a text", array: "a list", object: "a map", record: "a map", int: "a whole number" })[expected] ??
  `a ${expected}`;

function kindOf(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "a map" : typeof value === "string" ? "a text" : `a ${typeof value}`;
}

function nodeAt(root: Node, path: Path): Node | undefined {
  return path.reduce<Node | undefined>((node, part) => {
    if (typeof part === "number") return node?.items;
    const inside = node?.properties?.[part] ?? node?.additionalProperties;
    if (typeof inside === "object") return inside;
    return node?.anyOf?.map((other) => other.additionalProperties).find((other) => typeof other === "object");
  }, root);
}

function valueAt(input: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, part) => (value as Record<string, unknown> | undefined)?.[part], input);
}
