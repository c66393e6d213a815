import { CacheMarks } from "./anthropic-messages-cache.ts";
import { type Abilities, abilitiesOf } from "./anthropic-messages-models.ts";
import { toMessages } from "./anthropic-messages-to-messages.ts";
import type { Names } from "./ids.ts";
import { below, type Losses } from "./losses.ts";
import type { Conversation, Rendered, Rendering, Setting, Tool } from "./model.ts";
import { fittedSchema } from "./schema.ts";
import type { Choice, Effort, Settings } from "./settings.ts";
import { Unfit } from "./unfit.ts";

type Body = Record<string, unknown>;

/** Every endpoint of this wire knows it; it has all that is written here, and still takes sampling parameters. */
const version = "2023-06-01";
const head = { method: "POST", url: "/v1/messages", headers: { "anthropic-version": version } };

const inUnit = (value: number): boolean => value >= 0 && value <= 1;

/** Sampling: temperature ends at 1 here. */
function addSampling(body: Body, settings: Settings, { sampling }: Abilities, losses: Losses): void {
  if (sampling === "none") return;
  const temperature = settings.take("temperature");
  if (temperature !== undefined) {
    if (inUnit(temperature.value)) body.temperature = temperature.value;
    else losses.name(temperature.at, "range");
  }
  if (sampling === "all" || body.temperature === undefined) {
    const topP = settings.take("topP");
    if (topP !== undefined) body.top_p = topP.value;
  }
  const topK = settings.take("topK");
  if (topK !== undefined) body.top_k = topK.value;
}

/** A sequence without any letter is refused here. */
function addStop(body: Body, settings: Settings, losses: Losses): void {
  const stop = settings.take("stop");
  const kept = (stop?.value ?? []).filter((sequence, index) => {
    if (stop !== undefined && sequence.trim() === "") losses.name(below(stop.at, index));
    return sequence.trim() !== "";
  });
  if (kept.length > 0) body.stop_sequences = kept;
}

/** The strongest effort that the model knows and that is not above the one asked for, or else its weakest. */
function nearest(asked: Effort, efforts: ReadonlySet<string>): string | undefined {
  const order: Effort[] = ["max", "xhigh", "high", "medium", "low"];
  return (
    order.slice(Math.max(order.indexOf(asked), 0)).find((effort) => efforts.has(effort)) ??
    (efforts.has("low") ? "low" : undefined)
  );
}

/** With a tool that must be called a model may not think, so then it is not told to. */
function addThinking(body: Body, settings: Settings, abilities: Abilities, forced: boolean, losses: Losses): Body {
  const effort = settings.take("effort");
  if (effort === undefined) return {};
  const { at, value } = effort;
  if (value === "none") {
    if (abilities.thinks === "always") body.thinking = { type: "disabled" };
    else if (abilities.thinks === "fixed") losses.name(at);
    return {};
  }
  const known = nearest(value === "minimal" ? "low" : value, abilities.efforts);
  if (known === undefined) {
    losses.name(at);
    return {};
  }
  if (known !== value) losses.name(at, "changed");
  if (abilities.thinks === "asked" && !forced) body.thinking = { type: "adaptive" };
  return { effort: known };
}

/** The name and the description of a format have their place in its schema. */
function addFormat(settings: Settings, { formats }: Abilities, losses: Losses): Body {
  const format = formats ? settings.take("format") : undefined;
  if (format === undefined) return {};
  const { name, description, schema } = format.value;
  const labels: Body = {};
  for (const [key, label] of [
    ["title", name],
    ["description", description],
  ] as const) {
    if (label !== undefined && schema[key] === undefined) labels[key] = label.value;
    else if (label !== undefined && schema[key] !== label.value) losses.name(label.at);
  }
  const fitted = fittedSchema(schema);
  if (fitted !== schema) losses.name(format.at, "changed");
  return { format: { type: "json_schema", schema: { ...labels, ...(fitted as object) } } };
}

function toTool(tool: Tool, abilities: Abilities, names: Names, losses: Losses): Body {
  const { name, description, schema, strict, marks } = tool;
  losses.marks(marks);
  const written: Body = { name: names.to(name) };
  if (description !== undefined) written.description = description;
  written.input_schema = schema.type === undefined ? { type: "object", ...schema } : schema;
  const held = abilities.formats && fittedSchema(written.input_schema) === written.input_schema;
  if (strict?.value && held) written.strict = true;
  else if (strict?.value) losses.name(strict.at);
  return written;
}

function toChoice(choice: Choice | undefined, names: Names): Body {
  if (choice?.kind === "tool") return { type: "tool", name: names.to(choice.name) };
  return { type: choice?.kind ?? "auto" };
}

const onlyOf = (choice: Setting<Choice> | undefined): readonly string[] | undefined =>
  choice?.value.kind === "auto" || choice?.value.kind === "any" ? choice.value.only : undefined;

/** A request whose history has calls must name their tools. */
const toldTools = ({ turns }: Conversation, names: Names): Body[] => {
  const called = turns.flatMap(({ blocks }) => blocks.flatMap((block) => (block.kind === "call" ? [block.name] : [])));
  return Array.from(new Set(called), (name) => ({ name: names.to(name), input_schema: { type: "object" } }));
};

/** Tools that may not be called are left out, which is what `allowed_tools` says here. */
function addTools(body: Body, conversation: Conversation, abilities: Abilities, { names, losses }: Rendering): void {
  const { tools, settings } = conversation;
  const choice = settings.take("toolChoice");
  const parallel = settings.take("parallelCalls");
  const only = onlyOf(choice);
  const offered = only === undefined ? tools : tools.filter(({ name }) => only.includes(name));
  const { value } = choice ?? {};
  const missing = value?.kind === "tool" ? !offered.some(({ name }) => name === value.name) : offered.length === 0;
  if (missing && (value?.kind === "tool" || value?.kind === "any")) throw new Unfit("tools");
  if (offered.length === 0) {
    const told = toldTools(conversation, names);
    if (told.length > 0) Object.assign(body, { tools: told, tool_choice: { type: "none" } });
    return;
  }
  body.tools = offered.map((tool) => toTool(tool, abilities, names, losses));
  const single = parallel?.value === false && value?.kind !== "none";
  if (choice === undefined && !single) return;
  body.tool_choice = { ...toChoice(value, names), ...(single && { disable_parallel_tool_use: true }) };
}

/** A model refuses a limit that is above its own, so that its own stands for it. */
function limitOf(settings: Settings, { maxOutput, outputEnds }: Abilities, losses: Losses): number {
  const asked = settings.take("maxOutput");
  if (asked === undefined) return maxOutput;
  if (!outputEnds || asked.value <= maxOutput) return asked.value;
  losses.name(asked.at, "changed");
  return maxOutput;
}

const longestUser = 256;

function addAccount(body: Body, settings: Settings, losses: Losses): void {
  const user = settings.take("user");
  if (user !== undefined && user.value.length <= longestUser) body.metadata = { user_id: user.value };
  else if (user !== undefined) losses.name(user.at, "range");
  const tier = settings.take("tier");
  if (tier !== undefined) body.service_tier = tier.value === "standard" ? "standard_only" : "auto";
}

/** Keys stand in the order in which prompts are cached: tools, system, messages. */
export function to(conversation: Conversation, rendering: Rendering): Rendered {
  const { losses } = rendering;
  const { model, settings, stream } = conversation;
  const abilities = abilitiesOf(model);
  const choices = settings.take("choices");
  if (choices !== undefined && choices.value > 1) throw new Unfit("choices");
  const body: Body = { model, max_tokens: limitOf(settings, abilities, losses) };
  if (stream) body.stream = true;
  addTools(body, conversation, abilities, rendering);
  const cached = new CacheMarks(losses);
  const { system, messages } = toMessages(conversation.turns, abilities, cached, rendering);
  if (system !== undefined) body.system = system;
  body.messages = messages;
  const type = (body.tool_choice as Body | undefined)?.type;
  const output = {
    ...addThinking(body, settings, abilities, type === "any" || type === "tool", losses),
    ...addFormat(settings, abilities, losses),
  };
  if (Object.keys(output).length > 0) body.output_config = output;
  if ((body.thinking as Body | undefined)?.type !== "adaptive") addSampling(body, settings, abilities, losses);
  addStop(body, settings, losses);
  addAccount(body, settings, losses);
  cached.close();
  settings.close(losses);
  return { head, body };
}
