import type { Config } from "../config/schema.ts";
import { Refusal } from "../errors.ts";
import { facts } from "../facts.ts";
import type { Document } from "../slot.ts";
import type { CallContext, CallHooks, Step } from "../step.ts";
import type { Library } from "./library.ts";
import { render } from "./render.ts";
import { type Asked, askedOf, headerName, modelPrefix, variablesOf } from "./request.ts";
import type { Version } from "./shelf.ts";
import { changesFor } from "./wire.ts";

export { createLibrary, type Library } from "./library.ts";

/**
 * Makes the messages of a call from a prompt and variables, where the call asks for one. What becomes of it is a body like any other for
 * the steps below. Refuses with `prompt_not_found`, `prompt_unusable`, `prompt_variables`, `prompt_too_large`.
 * Rejects where the folder cannot be read.
 */
export async function createPrompts(config: Config["prompts"], library: Library): Promise<Step> {
  if (config === undefined) library.close();
  else await library.open(config.from);
  if (config === undefined) return { name: "prompts", open: (call) => ({ request: () => checkHeader(call) }) };
  return { name: "prompts", open: (call) => openCall(call, library) };
}

/** Who asks for a prompt is never answered without it. */
function checkHeader({ head }: CallContext): void {
  if (head.headers[headerName] !== undefined) throw new Refusal("prompt_not_found");
}

function openCall(call: CallContext, library: Library): CallHooks {
  let used: Version | undefined;
  return {
    request(document) {
      const asked = document && askedOf(call, document);
      if (document === undefined || asked === undefined) return;
      used = find(asked, call, library);
      call.facts.set(facts.prompt, { name: used.name, version: used.version });
      apply(used, asked, call, document);
    },
    answer: () => (used === undefined ? undefined : { [headerName]: `${used.name}@${used.version}` }),
  };
}

/** A prompt that is not granted is as good as none. */
function find({ name, selector }: Asked, call: CallContext, library: Library): Version {
  const caller = call.facts.get(facts.caller);
  const granted = caller !== undefined && (caller.prompts === undefined || caller.prompts.includes(name));
  const found = granted ? library.find(name, selector) : undefined;
  if (found === undefined) throw new Refusal("prompt_not_found");
  if (found === "unusable") throw new Refusal("prompt_unusable", { prompt: name });
  return found;
}

function apply(used: Version, asked: Asked, call: CallContext, document: Document): void {
  const { dialect, ask } = call;
  const { prompt, file } = used;
  const { variables, changes } = variablesOf(asked, used, document, dialect.name);
  const rendered = render(prompt.parts, variables, file);
  if (prompt.model === undefined && ask.model.startsWith(modelPrefix)) {
    throw new Refusal("invalid_request", { param: "model", reason: "prompt_without_model" });
  }
  document.change([
    ...changes,
    ...changesFor(dialect.name, ask.operation === "count_tokens", prompt, rendered, document),
  ]);
}
