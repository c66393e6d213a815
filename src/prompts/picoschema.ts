/** The types that a prompt declares for its variables: the part of Picoschema that describes values. */
export type Type =
  | { readonly kind: "string" | "number" | "integer" | "boolean" | "any" }
  | { readonly kind: "enum"; readonly values: readonly unknown[] }
  | { readonly kind: "array"; readonly items: Type }
  | ObjectType;

export interface ObjectType {
  readonly kind: "object";
  readonly fields: ReadonlyMap<string, { readonly type: Type; readonly optional: boolean }>;
  /** Of fields that are not named; `undefined`: there are none. */
  readonly rest: Type | undefined;
}

const scalars = ["string", "number", "integer", "boolean", "any"] as const;
const key = /^([^\s?(){}]{1,64})(\?)?(?:\((array|object|enum)(?:,[\s\S]*)?\))?$/;

/** `report` gets the keys down to what is wrong, and throws. */
export type Report = (path: readonly string[], problem: string) => never;

/** https://google.github.io/dotprompt/reference/picoschema */
export function toObjectType(schema: unknown, path: readonly string[], report: Report): ObjectType {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) {
    return report(path, "a schema is a map of names and types");
  }
  const fields = new Map<string, { type: Type; optional: boolean }>();
  let rest: Type | undefined;
  for (const [written, value] of Object.entries(schema)) {
    const at = [...path, written];
    if (written === "(*)") {
      rest = toType(value, at, report);
      continue;
    }
    const [, name, optional, form] = key.exec(written) ?? report(at, "this is no name of a variable");
    if (name === undefined || fields.has(name)) return report(at, "the name stands twice");
    fields.set(name, { type: formed(form, value, at, report), optional: optional !== undefined });
  }
  return { kind: "object", fields, rest };
}

function formed(form: string | undefined, value: unknown, path: readonly string[], report: Report): Type {
  if (form === "array") return { kind: "array", items: toType(value, path, report) };
  if (form === "object") return toObjectType(value, path, report);
  if (form !== "enum") return toType(value, path, report);
  return Array.isArray(value) ? { kind: "enum", values: value } : report(path, "an enum is a list of values");
}

function toType(value: unknown, path: readonly string[], report: Report): Type {
  if (typeof value !== "string") return toObjectType(value, path, report);
  const comma = value.indexOf(",");
  const name = (comma < 0 ? value : value.slice(0, comma)).trim();
  const kind = scalars.find((scalar) => scalar === name);
  return kind === undefined ? report(path, `expected one of the types ${scalars.join(", ")}`) : { kind };
}

/** Where a value is not of its type: a place that the schema names, `*` for a name that a caller made up. */
export interface Mismatch {
  readonly variable: string;
  readonly reason: "missing" | "unknown" | "type";
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const wrongType: Mismatch = { variable: "", reason: "type" };
const missing: Mismatch = { variable: "", reason: "missing" };
const unknownName: Mismatch = { variable: "", reason: "unknown" };

/** The same, told from the value around it. Paths are put together on the way out alone, since a list may have millions of items. */
const within = (name: string, { variable, reason }: Mismatch): Mismatch => ({
  variable: variable === "" || variable.startsWith("[") ? name + variable : `${name}.${variable}`,
  reason,
});

/** The first thing in which `value` is not of its type. A field that may be left out may be null. */
function mismatch(type: Type, value: unknown): Mismatch | undefined {
  if (type.kind === "object") return isMap(value) ? mismatchIn(type, value) : wrongType;
  if (type.kind !== "array") return isScalar(type, value) ? undefined : wrongType;
  if (!Array.isArray(value)) return wrongType;
  for (let index = 0; index < value.length; index++) {
    const found = mismatch(type.items, value[index]);
    if (found !== undefined) return within(`[${index}]`, found);
  }
  return undefined;
}

function isScalar(type: Exclude<Type, { kind: "array" | "object" }>, value: unknown): boolean {
  if (type.kind === "any") return value !== undefined;
  if (type.kind === "enum") return type.values.includes(value);
  return type.kind === "integer" ? Number.isSafeInteger(value) : typeof value === type.kind;
}

/** The same for the fields of an object, such as the variables of a prompt. */
export function mismatchIn(
  { fields, rest }: ObjectType,
  value: Readonly<Record<string, unknown>>,
): Mismatch | undefined {
  for (const [name, { type, optional }] of fields) {
    const given = Object.hasOwn(value, name) ? value[name] : undefined;
    if (optional && (given === undefined || given === null)) continue;
    const found = given === undefined ? missing : mismatch(type, given);
    if (found !== undefined) return within(name, found);
  }
  for (const name of Object.keys(value)) {
    if (fields.has(name)) continue;
    const found = rest === undefined ? unknownName : mismatch(rest, value[name]);
    if (found !== undefined) return within("*", found);
  }
  return undefined;
}

/** A variable that could only be sent as a text: for any other type the text is JSON. */
export function fromText(type: Type | undefined, text: string): unknown {
  if (type === undefined || type.kind === "string" || type.kind === "any") return text;
  if (type.kind === "enum" && type.values.includes(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
