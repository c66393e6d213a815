import type { Operand, Reference } from "./template.ts";

export type Variables = Readonly<Record<string, unknown>>;

/** What a part of a template sees. */
export interface View {
  readonly above: View | undefined;
  readonly root: unknown;
  /** `this`. */
  readonly value: unknown;
  /** Names that blocks gave. */
  readonly names: ReadonlyMap<string, unknown>;
  /** `@index` and the like. */
  readonly data: Variables;
}

const nothing: ReadonlyMap<string, unknown> = new Map();

export const viewOf = (variables: Variables): View => ({
  above: undefined,
  root: variables,
  value: variables,
  names: nothing,
  data: {},
});

/** The view of a block about `value`, which also goes by the first of `names`, and its key by the second. */
export function below(above: View, value: unknown, names: readonly string[], key?: unknown, data = above.data): View {
  const given = [value, key];
  const called = names.length === 0 ? nothing : new Map(names.map((name, index) => [name, given[index]]));
  return { above, root: above.root, value, names: called, data };
}

function named(name: string, view: View): View | undefined {
  let each: View | undefined = view;
  while (each !== undefined && !each.names.has(name)) each = each.above;
  return each;
}

/** Own properties only: nothing that an object inherits is a variable. `undefined`: there is no such value. */
export function lookUp(operand: Operand, view: View): unknown {
  if (operand.kind === "literal") return operand.value;
  const { data, up, parts } = operand;
  const [head] = parts;
  const giver = data === undefined && up === 0 && head !== undefined ? named(head, view) : undefined;
  if (giver !== undefined && head !== undefined) return inside(giver.names.get(head), parts.slice(1));
  if (data !== undefined) return inside(data === "root" ? view.root : view.data[data], parts);
  return inside(above(view, operand)?.value, parts);
}

function above(view: View, { up }: Reference): View | undefined {
  let from: View | undefined = view;
  for (let level = 0; level < up; level++) from = from?.above;
  return from;
}

function inside(value: unknown, names: readonly string[]): unknown {
  let found = value;
  for (const name of names) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Variables)[name];
  }
  return found;
}

/** As Handlebars has it: nothing, `false`, 0, an empty text or list is not true. */
export const isTrue = (value: unknown): boolean => (Array.isArray(value) ? value.length > 0 : Boolean(value));

/** `undefined` for what has no text of its own. */
export function printed(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}
