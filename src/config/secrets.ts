import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { inspect } from "node:util";

/** Where references are looked up. */
export interface SecretSource {
  /** `file:` paths are relative to it. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A credential of the operator. Printed, logged or serialised it shows where it comes from, never what it is. */
export class Secret {
  /** `env:NAME`, `file:PATH`, or `literal` for one that was passed in code. */
  readonly reference: string;
  readonly #value: string | undefined;

  constructor(reference: string, value: string | undefined) {
    this.reference = reference;
    this.#value = value;
  }

  /** Throws an `Error` for a reference that was never read. */
  reveal(): string {
    if (this.#value === undefined)
      throw new Error(`${this.reference} has not been read; make the config with parseConfig`);
    return this.#value;
  }

  toString(): string {
    return `[secret ${this.reference}]`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

const largest = 65_536;
const variableReference = /^env:[A-Za-z_][A-Za-z0-9_]{0,127}$/;

/** What may stand in a header: a key alone, or a whole value with spaces, such as `Bearer …`. */
const shapes = {
  key: { pattern: /^[!-~]+$/, fault: "holds a space, a line break or a character that no key has" },
  header: { pattern: /^[\t -~]+$/, fault: "holds a line break or another character that no header has" },
} as const;

/** A reference that is still to be read, or the key itself. */
export function toSecret(text: string): Secret {
  return isReference(text) ? new Secret(text, undefined) : new Secret("literal", text);
}

export function isReference(text: string): boolean {
  return /^(?:env|file):/.test(text);
}

/** Reads what a reference names. */
export function readSecret(secret: Secret, source: SecretSource): Secret {
  return isReference(secret.reference) ? new Secret(secret.reference, contentOf(secret.reference, source)) : secret;
}

/** Why a key (or a header's value) cannot be used, as a message that never holds it; `undefined`: it can. */
export function secretFault(
  text: string,
  source: SecretSource,
  shape: keyof typeof shapes = "key",
): string | undefined {
  const reference = isReference(text);
  if (text.startsWith("env:") && !variableReference.test(text))
    return "what follows env: is not the name of a variable";
  const named = reference ? text : "the key";
  let value: string;
  try {
    value = reference ? contentOf(text, source) : text;
  } catch (cause) {
    return `${named} ${cause instanceof Unreadable ? cause.message : "cannot be read"}`;
  }
  if (value === "") return `${named} is empty`;
  const { pattern, fault } = shapes[shape];
  return pattern.test(value) ? undefined : `${named} ${fault}`;
}

class Unreadable extends Error {}

function contentOf(reference: string, source: SecretSource): string {
  const place = reference.slice(reference.indexOf(":") + 1);
  const text = reference.startsWith("env:") ? variable(place, source) : read(resolve(source.directory, place));
  if (text === undefined) throw new Unreadable("is not set");
  return text.replace(/[\r\n]+$/, "");
}

function variable(name: string, { environment }: SecretSource): string | undefined {
  return Object.hasOwn(environment, name) ? environment[name] : undefined;
}

function read(path: string): string {
  try {
    const found = statSync(path);
    if (!found.isFile()) throw new Unreadable("is not a file");
    if (found.size > largest) throw new Unreadable(`is larger than ${largest} bytes`);
    return readFileSync(path, "utf8");
  } catch (cause) {
    if (cause instanceof Unreadable) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    throw new Unreadable(code === "ENOENT" ? "does not exist" : `cannot be read (${code ?? "unknown error"})`);
  }
}
