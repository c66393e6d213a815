import { attributeNames } from "../config/names.ts";
import type { Config } from "../config/schema.ts";
import type { Attributes, Caller } from "../facts.ts";
import type { AttributeRules } from "./attributes.ts";

type KeyConfig = NonNullable<Config["access"]>["keys"][number];

/** A virtual key's holder, prepared once. */
export interface Holder {
  readonly id: string;
  readonly hash: string;
  /** With the key's own attributes only. */
  readonly caller: Caller;
  readonly rules: AttributeRules;
  readonly requestsPerMinute: number | undefined;
  /** Milliseconds since the epoch from which the key is refused. */
  readonly expires: number;
}

export function toHolder(key: KeyConfig): Holder {
  const fixed: Attributes = Object.fromEntries(
    attributeNames.flatMap((name) => (key[name] === undefined ? [] : [[name, key[name]]])),
  );
  const open = new Set([...key.allow, ...key.require].filter((name) => fixed[name] === undefined));
  return {
    id: key.id,
    hash: key.hash,
    caller: {
      key: key.id,
      attributes: fixed,
      models: key.models,
      prompts: key.prompts.includes("*") ? undefined : key.prompts,
      maxOutputTokens: key.maxOutputTokens,
      ownKey: false,
    },
    rules: { fixed, open, required: key.require },
    requestsPerMinute: key.requestsPerMinute,
    expires: key.expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(key.expires),
  };
}
