import type { Config } from "../config/schema.ts";
import { Refusal } from "../errors.ts";
import { type Caller, facts } from "../facts.ts";
import type { CallContext, Parts, Step } from "../step.ts";
import { type AttributeRules, anyAttribute, attributesOf, noAttribute } from "./attributes.ts";
import { credentialsOf } from "./credential.ts";
import { type Holder, toHolder } from "./holder.ts";
import { createKeyring, keyPrefix } from "./keys.ts";
import { countRequest } from "./rate.ts";

type Access = NonNullable<Config["access"]>;

/**
 * Who is calling, and what the key permits. Without a config every caller passes with the provider key that it brings, if any.
 * With one, a request may carry several credentials, since SDKs send all that they find in their environment: exactly one of them
 * has to be a known key. Callers with a provider key of their own, where they are allowed, cannot name attributes, so that nobody
 * without a key uses up a budget that is named after one.
 */
export function createAccess(config: Config["access"], parts: Parts): Step {
  if (config === undefined)
    return { name: "access", open: (call) => ({ head: () => admit(call, bringer, anyAttribute) }) };
  const keyring = createKeyring(config.keys.map(toHolder));
  const enter = (call: CallContext): void | Promise<void> => {
    const holder = identify(credentialsOf(call.head), keyring.find, config.ownKeys);
    if (holder === undefined) return admit(call, stranger, noAttribute);
    checkExpiry(holder, parts.clock.now());
    admit(call, holder.caller, holder.rules);
    if (holder.requestsPerMinute !== undefined) return countRequest(holder.id, holder.requestsPerMinute, parts);
  };
  return { name: "access", open: (call) => ({ head: () => enter(call) }), close: keyring.clear };
}

export const bringer: Caller = {
  key: undefined,
  attributes: {},
  models: undefined,
  maxOutputTokens: undefined,
  ownKey: true,
};

/** Beside callers with keys: prompts are the operator's, so they are for whom it granted them. */
export const stranger: Caller = { ...bringer, prompts: [] };

/** Whose key it is; `undefined`: a caller's own provider key, which is allowed. */
export function identify(
  credentials: readonly string[],
  find: (credential: string) => Holder | undefined,
  ownKeys: Access["ownKeys"],
): Holder | undefined {
  if (credentials.length === 0) throw new Refusal("missing_key");
  const [holder, another] = credentials.flatMap((credential) => find(credential) ?? []);
  if (another !== undefined) throw new Refusal("invalid_request", { reason: "two_keys" });
  if (holder !== undefined) return holder;
  const ours = credentials.some((credential) => credential.startsWith(keyPrefix));
  if (ours || ownKeys === "refuse") throw new Refusal("unknown_key");
  return undefined;
}

export function checkExpiry({ expires }: Holder, now: number): void {
  if (now >= expires) throw new Refusal("unknown_key", { reason: "expired" });
}

/** Who calls is on file even when the attributes are refused. */
function admit(call: CallContext, caller: Caller, rules: AttributeRules): void {
  let named = caller;
  try {
    const attributes = attributesOf(call.head.headers, rules);
    if (attributes !== caller.attributes) named = { ...caller, attributes };
  } finally {
    call.facts.set(facts.caller, named);
  }
}
