import type { DialectName } from "../dialects/dialect.ts";
import { object, wrong } from "../dialects/fields.ts";
import { Refusal } from "../errors.ts";
import type { Change, Document } from "../slot.ts";
import type { CallContext } from "../step.ts";
import type { Variables } from "./lookup.ts";
import { fromText, mismatchIn } from "./picoschema.ts";
import type { Prompt } from "./prompt.ts";
import type { Version } from "./shelf.ts";

/** A prompt as a caller asks for it. */
export interface Asked {
  readonly name: string;
  /** A version's number or a label; `undefined`: what runs. */
  readonly selector: string | undefined;
  /** What the field `prompt` holds beside the name; `undefined`: the variables are in `metadata`. */
  readonly variables: Variables | undefined;
}

export const modelPrefix = "prompt:";
export const headerName = "x-postern-prompt";
const reference = /^([A-Za-z0-9][A-Za-z0-9._-]{0,63})(?:@([A-Za-z0-9][A-Za-z0-9._-]{0,63}))?$/;

/** Fields of `metadata` that are the provider's own: they leave, variables or not. */
const providers: Readonly<Record<DialectName, string | undefined>> = {
  "openai-chat": undefined,
  "anthropic-messages": "user_id",
};

/** By the name of a model, a header, or the field `prompt`; throws a `Refusal` where two of them ask for different ones. */
export function askedOf({ ask, head }: CallContext, document: Document): Asked | undefined {
  const header = head.headers[headerName];
  const found: Asked[] = [];
  if (ask.model.startsWith(modelPrefix)) found.push(parse(ask.model.slice(modelPrefix.length)));
  if (header !== undefined) found.push(typeof header === "string" ? parse(header) : twice());
  const field = document.get(["prompt"]);
  if (typeof field === "object" && field !== null) found.push(fieldOf(field));
  const [first] = found;
  if (found.some(({ name, selector }) => name !== first?.name || selector !== first.selector)) twice();
  // The field is last: it may hold the variables.
  return found.at(-1);
}

function twice(): never {
  throw new Refusal("invalid_request", { reason: "two_prompts" });
}

/** `support`, `support@3` or `support@production`. */
export function parse(text: string, variables?: Variables): Asked {
  const [, name, selector] = reference.exec(text) ?? [];
  if (name === undefined) throw new Refusal("prompt_not_found");
  return { name, selector, variables };
}

function fieldOf(field: object): Asked {
  const { id, version, variables, ...others } = field as Variables;
  if (typeof id !== "string") throw wrong("prompt.id");
  if (Object.keys(others).length > 0) throw wrong("prompt");
  const given = object(variables, "prompt.variables") ?? {};
  if (version === undefined || version === null) return parse(id, given);
  if (typeof version !== "string" && typeof version !== "number") throw wrong("prompt.version");
  return parse(`${id}@${version}`, given);
}

export interface Taken {
  readonly variables: Variables;
  /** What takes from the body that which was for the prompt alone. */
  readonly changes: readonly Change[];
}

/** A call's variables, with defaults, of their types. Throws `Refusal("prompt_variables")`. */
export function variablesOf(
  asked: Asked,
  { prompt, file }: Pick<Version, "prompt" | "file">,
  document: Document,
  dialect: DialectName,
): Taken {
  const field: Change = { path: ["prompt"], value: undefined };
  const { given, changes } =
    asked.variables === undefined
      ? metadataOf(prompt, document, dialect)
      : { given: asked.variables, changes: [field] };
  return { variables: complete({ prompt, file }, given), changes };
}

/** With defaults, and of the types that the prompt declares. Throws `Refusal("prompt_variables")`. */
export function complete(
  { prompt: { schema, defaults }, file }: Pick<Version, "prompt" | "file">,
  given: Variables,
): Variables {
  const variables: Variables = Object.assign(Object.create(null), defaults, given);
  const found = schema === undefined ? undefined : mismatchIn(schema, variables);
  if (found !== undefined) throw new Refusal("prompt_variables", { file, ...found });
  return variables;
}

/** What was given as text, as the types that the prompt declares. */
export function readTexts({ schema }: Prompt, given: Variables, names: readonly string[]): Variables {
  const read: Record<string, unknown> = Object.create(null);
  for (const name of names) {
    const value = given[name];
    read[name] = typeof value === "string" ? fromText(schema?.fields.get(name)?.type ?? schema?.rest, value) : value;
  }
  return read;
}

/** Without declared variables all fields are some; with them, the others stay what they are. */
function metadataOf(
  prompt: Prompt,
  document: Document,
  dialect: DialectName,
): { readonly given: Variables; readonly changes: readonly Change[] } {
  const metadata = object(document.get(["metadata"]), "metadata") ?? {};
  const all = Object.keys(metadata);
  const { schema } = prompt;
  const own = providers[dialect];
  const any = schema === undefined || schema.rest !== undefined;
  const names = any ? all : all.filter((name) => schema.fields.has(name));
  const given = readTexts(prompt, metadata, names);
  const gone = names.filter((name) => name !== own);
  if (gone.length === 0) return { given, changes: [] };
  if (gone.length === all.length) return { given, changes: [{ path: ["metadata"], value: undefined }] };
  return { given, changes: gone.map((name) => ({ path: ["metadata", name], value: undefined })) };
}
