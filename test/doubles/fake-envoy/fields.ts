import type { HeaderMap, HeaderMutation, HeaderValue } from "./protocol.ts";

/** A header block: lower-case names, pseudo-headers among them, values as latin1. */
export type Fields = readonly (readonly [name: string, value: string])[];

/** What a real Envoy answers with an error of its own. */
export class Failure extends Error {
  override readonly name = "Failure";
  /** Absent: `status_on_error`. */
  readonly status: number | undefined;

  constructor(details: string, status?: number) {
    super(details);
    this.status = status;
  }
}

export type Note = (violation: string) => void;

export const fieldOf = (fields: Fields, name: string): string | undefined =>
  fields.find(([each]) => each === name)?.[1];
export const without = (fields: Fields, ...names: readonly string[]): Fields =>
  fields.filter(([name]) => !names.includes(name));
export const withField = (fields: Fields, name: string, value: string): Fields => [
  ...without(fields, name),
  [name, value],
];

export const toHeaderMap = (fields: Fields): HeaderMap => ({
  headers: fields.map(([key, value]) => ({ key, raw_value: Buffer.from(value, "latin1") })),
});

const token = /^:?[!#$%&'*+.^_`|~0-9a-z-]+$/;

/** Name and value as Envoy takes them: only `raw_value` counts, and bad bytes fail the whole message. */
function read({ key, value = "", raw_value: raw = Buffer.alloc(0) }: HeaderValue, note: Note): [string, string] {
  const name = key.toLowerCase();
  if (!token.test(name)) throw new Failure(`invalid header name in a mutation: ${JSON.stringify(name)}`);
  if (raw.length === 0 && value !== "") note(`${name}: a value without raw_value becomes empty`);
  const text = raw.toString("latin1");
  if (/[\0\r\n]/.test(text)) throw new Failure(`invalid header value in a mutation: ${name}`);
  return [name, text];
}

/** A header map that replaces rather than mutates: it cannot append, so repeated keys collapse to the last one. */
export function fromHeaderMap(map: HeaderMap | undefined, note: Note): Fields {
  let fields: Fields = [];
  for (const each of map?.headers ?? []) {
    const [name, value] = read(each, note);
    if (fieldOf(fields, name) !== undefined) note(`${name}: of a repeated key only the last is kept`);
    fields = withField(fields, name, value);
  }
  return fields;
}

export interface Rules {
  /** CONTINUE_AND_REPLACE may change the method. */
  readonly replaces?: boolean;
  /** An immediate response may set whatever it likes but pseudo-headers. */
  readonly permissive?: boolean;
}

/** Why a header may not be set: Envoy drops such a mutation silently and counts it. */
function forbidden(name: string, { replaces, permissive }: Rules): boolean {
  if (name === ":method") return replaces !== true;
  if (name.startsWith(":")) return name !== ":path" && name !== ":status";
  if (permissive) return false;
  return name === "host" || name.startsWith("x-envoy-");
}

/** Removals first, so that a key which is removed and set is set; `append_action` is not honoured, only `append` is. */
export function mutate(fields: Fields, mutation: HeaderMutation | undefined, note: Note, rules: Rules = {}): Fields {
  let result = fields;
  for (const each of mutation?.remove_headers ?? []) {
    const name = each.toLowerCase();
    if (name.startsWith(":") || name === "host") note(`${name}: may not be removed, the mutation is dropped`);
    else result = without(result, name);
  }
  for (const { header, append } of mutation?.set_headers ?? []) {
    if (!header) continue;
    const [name, value] = read(header, note);
    if (forbidden(name, rules)) note(`${name}: may not be set, the mutation is dropped`);
    else result = append?.value === true ? [...result, [name, value]] : withField(result, name, value);
  }
  return result;
}
