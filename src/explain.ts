import { bringer, checkExpiry, identify, stranger } from "./access/access.ts";
import { type Holder, toHolder } from "./access/holder.ts";
import { createKeyring } from "./access/keys.ts";
import { createScopes, spenderOf } from "./budgets/scopes.ts";
import type { Config } from "./config/schema.ts";
import { resolveTargets } from "./config/targets.ts";
import { anthropicMessages } from "./dialects/anthropic-messages.ts";
import { type Ask, bareAsk, noUsage, type Provider } from "./dialects/dialect.ts";
import { openaiChat } from "./dialects/openai-chat.ts";
import { toDollars } from "./dollars.ts";
import { type Detail, type ErrorCode, Refusal, toRefusal } from "./errors.ts";
import type { Caller } from "./facts.ts";
import { createPrices, type Prices } from "./metering/prices.ts";
import { noWish } from "./metering/surcharge.ts";
import { createPlanner } from "./routing/plan.ts";
import { mayAsk } from "./routing/reach.ts";
import { needsTranslation } from "./routing/translation.ts";
import type { Clock, Target } from "./step.ts";

/** A chat that nobody makes. */
export interface Question {
  readonly model: string;
  /** Whose wire the caller speaks. */
  readonly provider: Provider;
  /** As a request would carry it. */
  readonly key?: string | undefined;
  /** The entry in `access.keys` instead of its key. */
  readonly keyId?: string | undefined;
}

interface Place {
  readonly target: string;
  readonly provider: Provider;
  readonly model: string;
  readonly region: string | undefined;
  readonly translated: boolean;
  readonly losses: "name" | "refuse";
  /** Dollars for a million tokens of a small call, uncached; `undefined`: no price is known. */
  readonly price: { readonly input: string; readonly output: string } | undefined;
}

/** What a gateway would do with a call, as far as its body, its headers, and what was spent before have no say. */
export interface Explanation {
  readonly served: boolean;
  readonly mode: Config["mode"];
  /** Why not; when observing also what is not enforced. */
  readonly refusal: { readonly code: ErrorCode; readonly detail: Detail } | undefined;
  /** `undefined`: not let in. */
  readonly caller: Explained | undefined;
  /** The key may ask for the model. */
  readonly granted: boolean;
  readonly strategy: string | undefined;
  /** In the order in which they are tried; `weighted`: the heaviest first. */
  readonly targets: readonly Place[];
  readonly redaction: Config["redaction"]["pii"] & {
    readonly secrets: Config["redaction"]["secrets"];
    readonly lists: Readonly<Record<string, string>>;
  };
  readonly budgets: readonly { readonly name: string; readonly limit: string; readonly endsAt: string | undefined }[];
}

/** Absent where nothing is set; `key` and `models`: no virtual key, and every model. */
interface Explained extends Pick<Caller, "key" | "models" | "maxOutputTokens" | "attributes"> {
  readonly requestsPerMinute: number | undefined;
  readonly requires: readonly string[];
}

type Known = Pick<Holder, "caller"> & Partial<Pick<Holder, "requestsPerMinute" | "rules">>;

const dialects = { openai: openaiChat, anthropic: anthropicMessages };

function callerOf({ access }: Config, { key, keyId }: Question, now: number): Known {
  if (access === undefined) return { caller: bringer };
  const holders = access.keys.map(toHolder);
  const find = (credential: string): Holder | undefined =>
    keyId === undefined ? createKeyring(holders).find(credential) : holders.find(({ id }) => id === keyId);
  const ownKeys = keyId === undefined ? access.ownKeys : "refuse";
  const credential = keyId ?? key?.trim() ?? "";
  const holder = identify(credential === "" ? [] : [credential], find, ownKeys);
  if (holder === undefined) return { caller: stranger };
  checkExpiry(holder, now);
  return holder;
}

/** Never throws a `Refusal`, makes no call, and reads no store. The attributes that a key requires are taken as named. */
export function explain(config: Config, question: Question, clock: Clock): Explanation {
  const { mode, redaction } = config;
  const { pii, secrets } = redaction;
  const lists = Object.fromEntries(redaction.lists.map(({ name, action }) => [name, action]));
  const base = { mode, redaction: { ...pii, secrets, lists } };
  let known: Known;
  try {
    known = callerOf(config, question, clock.now());
  } catch (cause) {
    const refusal = toRefusal(cause);
    return { ...base, served: false, refusal: told(refusal), caller: undefined, granted: false, ...nothing };
  }
  return { ...base, ...explainCall(config, question, known, clock) };
}

const nothing = { strategy: undefined, targets: [], budgets: [] } as const;
const told = ({ code, detail }: Refusal) => ({ code, detail });

function explainCall(config: Config, { model, provider }: Question, known: Known, clock: Clock) {
  const { caller } = known;
  const dialect = dialects[provider];
  const ask: Ask = { ...bareAsk, operation: "chat", model };
  const head = { method: "POST", url: "/", headers: {} };
  const planner = createPlanner(config, resolveTargets(config), { random: () => 0.5 });
  const plan = planner.plan({ caller, dialect, ask, head });
  const prices = createPrices(config.prices, clock);
  const speech = { dialect, operation: ask.operation };
  const targets = plan.targets.map((target) => placed(target, model, needsTranslation(target, speech), prices));
  const found = createScopes(config.budgets)(spenderOf(caller, model), clock.now());
  const lines = found?.lines ?? [];
  const [first] = targets;
  const unpriced = lines.length > 0 && first !== undefined && first.price === undefined;
  const missing = unpriced
    ? new Refusal("unpriced_model", { budget: lines[0]?.name ?? "", target: first.target })
    : undefined;
  const refusal = plan.refusal ?? missing;
  const unenforced = config.mode === "observe" && targets.length > 0;
  return {
    served: refusal === undefined || unenforced,
    refusal: refusal && told(refusal),
    caller: described(known),
    granted: mayAsk(caller, model),
    strategy: config.models[model]?.strategy,
    targets,
    budgets: lines.map(({ name, limit, endsAt }) => ({
      name,
      limit: toDollars(limit),
      endsAt: Number.isFinite(endsAt) ? new Date(endsAt).toISOString() : undefined,
    })),
  };
}

const described = ({ caller, requestsPerMinute, rules }: Known): Explained => ({
  key: caller.key,
  attributes: caller.attributes,
  models: caller.models,
  maxOutputTokens: caller.maxOutputTokens,
  requestsPerMinute,
  requires: rules?.required ?? [],
});

function placed(target: Target, asked: string, translated: boolean, prices: Prices): Place {
  const { name, provider, region, losses = "name" } = target;
  const model = target.model ?? asked;
  const rates = prices.find(target, model, noWish);
  const fee = rates?.cost(noUsage) ?? 0n;
  const price = rates && {
    input: toDollars((rates.cost({ ...noUsage, input: 1 }) - fee) * 1_000_000n),
    output: toDollars((rates.cost({ ...noUsage, output: 1 }) - fee) * 1_000_000n),
  };
  return { target: name, provider, model, region, translated, losses, price };
}
