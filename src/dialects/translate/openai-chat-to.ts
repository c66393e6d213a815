import type { Names } from "./ids.ts";
import { below, type Losses } from "./losses.ts";
import type { Conversation, Place, Rendered, Rendering, Tool } from "./model.ts";
import { type Abilities, abilitiesOf } from "./openai-chat-models.ts";
import { toMessages } from "./openai-chat-to-messages.ts";
import { isStrict } from "./schema.ts";
import type { Choice, Effort, Settings } from "./settings.ts";
import { Unfit } from "./unfit.ts";

type Body = Record<string, unknown>;

const head = { method: "POST", url: "/v1/chat/completions", headers: {} };
const mostStops = 4;

/** A limit of 0 asks for no answer at all, which this wire does not know; one that is above the model's own it refuses. */
function addLimit(body: Body, settings: Settings, { own, longest }: Abilities, { losses, server }: Rendering): void {
  const limit = settings.take("maxOutput");
  if (limit === undefined) return;
  const value = Math.max(Math.min(limit.value, longest ?? limit.value), 1);
  if (value !== limit.value) losses.name(limit.at, "changed");
  const field = server.maxTokensField ?? (own ? "max_completion_tokens" : "max_tokens");
  body[field] = value;
}

/** Under what name this wire has it; a model that reasons takes none of them. */
const sampling = [
  ["temperature", "temperature"],
  ["topP", "top_p"],
  ["presencePenalty", "presence_penalty"],
  ["frequencyPenalty", "frequency_penalty"],
  ["logprobs", "logprobs"],
  ["topLogprobs", "top_logprobs"],
] as const;

function addSampling(body: Body, settings: Settings, { reasons }: Abilities, losses: Losses): void {
  if (reasons) return;
  for (const [setting, name] of sampling) {
    const asked = settings.take(setting);
    if (asked !== undefined) body[name] = asked.value;
  }
  const stop = settings.take("stop");
  if (stop === undefined) return;
  stop.value.forEach((_, index) => {
    if (index >= mostStops) losses.name(below(stop.at, index));
  });
  body.stop = stop.value.slice(0, mostStops);
}

const order: readonly Effort[] = ["max", "xhigh", "high", "medium", "low", "minimal", "none"];

/** The strongest effort that the model knows and that is not above the one asked for, or else its weakest. */
const nearest = (asked: Effort, efforts: ReadonlySet<string>): Effort | undefined =>
  order.slice(order.indexOf(asked)).find((effort) => efforts.has(effort)) ??
  order.findLast((effort) => efforts.has(effort));

/** A budget has no other form here than the effort that it comes to. */
const effortFor = (tokens: number): Effort => (tokens < 4_096 ? "low" : tokens < 16_384 ? "medium" : "high");

function addEffort(body: Body, settings: Settings, { efforts }: Abilities, losses: Losses): void {
  const asked = settings.take("effort");
  const budget = settings.take("thinkingBudget");
  const wished = asked?.value ?? (budget && effortFor(budget.value));
  if (wished === undefined || (wished === "none" && efforts.size === 0)) return;
  const known = nearest(wished, efforts);
  if (budget !== undefined) losses.name(budget.at, known === undefined || asked !== undefined ? undefined : "changed");
  if (asked !== undefined && known !== asked.value) losses.name(asked.at, known === undefined ? undefined : "changed");
  if (known !== undefined) body.reasoning_effort = known;
}

const notInName = /[^a-zA-Z0-9_-]/g;

/** Strict is what this wire can hold to: a schema with optional properties it would refuse. */
function strictly(schema: unknown, wished: boolean, at: Place, losses: Losses): boolean {
  const strict = wished && isStrict(schema);
  if (wished && !strict) losses.name(at, "changed");
  return strict;
}

function addFormat(body: Body, settings: Settings, losses: Losses): void {
  const format = settings.take("format");
  if (format === undefined) return;
  const { name, description, schema } = format.value;
  const strict = strictly(schema, format.value.strict, format.at, losses);
  const label = (name?.value ?? "").replace(notInName, "_").slice(0, 64) || "answer";
  const json_schema = {
    name: label,
    ...(description !== undefined && { description: description.value }),
    schema,
    strict,
  };
  body.response_format = { type: "json_schema", json_schema };
}

/** OpenAI refuses longer ones, and what others say of their tools is often longer. */
const longestDescription = 1_024;

const isLong = ({ description = "" }: Tool, { own }: Abilities): boolean =>
  own && description.length > longestDescription;

/** What of the tools' descriptions has no room there, for the system to say. */
function restsOf(tools: readonly Tool[], abilities: Abilities, { names, losses }: Rendering): Body[] {
  const long = tools.filter((tool) => isLong(tool, abilities));
  if (long.length === 0) return [];
  const rests = long.map(({ at, name, description = "" }) => {
    losses.name(below(at, "description"), "moved");
    return `The description of the tool ${names.to(name)} goes on:\n${description.slice(cutOf(description))}`;
  });
  return [{ role: "system", content: rests.join("\n\n") }];
}

/** Between words, since one may stand for a hidden value; and never within a pair of surrogates. */
function cutOf(text: string): number {
  const space = text.lastIndexOf(" ", longestDescription);
  if (space > longestDescription - 128) return space;
  return /[\uD800-\uDBFF]/.test(text[longestDescription - 1] ?? "") ? longestDescription - 1 : longestDescription;
}

function toTool(tool: Tool, abilities: Abilities, names: Names, losses: Losses): Body {
  losses.marks(tool.marks);
  const { description, schema, strict } = tool;
  const written: Body = { name: names.to(tool.name) };
  if (description !== undefined) {
    written.description = isLong(tool, abilities) ? description.slice(0, cutOf(description)) : description;
  }
  written.parameters = schema.properties === undefined ? { ...schema, properties: {} } : schema;
  if (strict !== undefined) written.strict = strictly(written.parameters, strict.value, strict.at, losses);
  return { type: "function", function: written };
}

function toChoice(choice: Choice, names: Names): unknown {
  switch (choice.kind) {
    case "tool":
      return { type: "function", function: { name: names.to(choice.name) } };
    case "any":
      return "required";
    default:
      return choice.kind;
  }
}

function addTools(
  body: Body,
  { tools, settings }: Conversation,
  abilities: Abilities,
  { names, losses }: Rendering,
): void {
  const choice = settings.take("toolChoice");
  const parallel = settings.take("parallelCalls");
  const kind = choice?.value.kind;
  const named = choice?.value.kind === "tool" ? choice.value.name : undefined;
  const missing = named === undefined ? tools.length === 0 : !tools.some(({ name }) => name === named);
  if (missing && (kind === "any" || kind === "tool")) throw new Unfit("tools");
  if (tools.length === 0) return;
  body.tools = tools.map((tool) => toTool(tool, abilities, names, losses));
  if (choice !== undefined) body.tool_choice = toChoice(choice.value, names);
  if (parallel === undefined || parallel.value) return;
  if (abilities.single) body.parallel_tool_calls = false;
  else losses.name(parallel.at);
}

/** Settings that this wire has under the name of its own, for servers that know the name. */
function addOwn(body: Body, settings: Settings, { own }: Abilities): void {
  const choices = settings.take("choices");
  if (choices !== undefined) body.n = choices.value;
  const user = settings.take("user");
  if (user !== undefined) body[own && user.value.length <= 64 ? "safety_identifier" : "user"] = user.value;
  const seed = settings.take("seed");
  if (seed !== undefined) body.seed = seed.value;
  const tier = own ? settings.take("tier") : undefined;
  if (tier !== undefined) body.service_tier = tier.value === "standard" ? "default" : "auto";
}

/** A stream tells its usage where the server can: metering needs it, and the caller's wire may tell it anyway. */
export function to(conversation: Conversation, rendering: Rendering): Rendered {
  const { model, settings, stream } = conversation;
  const { losses, server } = rendering;
  const abilities = abilitiesOf(model);
  const body: Body = { model };
  if (stream) body.stream = true;
  if (stream && server.streamUsage !== false) body.stream_options = { include_usage: true };
  addLimit(body, settings, abilities, rendering);
  addTools(body, conversation, abilities, rendering);
  const messages = toMessages(conversation.turns, abilities, rendering);
  body.messages = [...restsOf(conversation.tools, abilities, rendering), ...messages];
  addFormat(body, settings, losses);
  addEffort(body, settings, abilities, losses);
  addSampling(body, settings, abilities, losses);
  addOwn(body, settings, abilities);
  settings.close(losses);
  return { head, body };
}
