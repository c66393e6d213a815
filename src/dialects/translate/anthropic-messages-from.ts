import { wrong } from "../fields.ts";
import { cacheMarks, readTurns } from "./anthropic-messages-from-messages.ts";
import { below, type Fields } from "./losses.ts";
import type { Conversation, Tool } from "./model.ts";
import { type Choice, type Effort, Settings } from "./settings.ts";
import { Unfit } from "./unfit.ts";

/** Tools of the provider's own (search, shell, browser) have no form elsewhere. */
function readTool(tool: Fields): Tool | undefined {
  const type = tool.string("type");
  if (type !== undefined && type !== "custom") {
    tool.losses.name(tool.at);
    return undefined;
  }
  const name = tool.required("name", tool.string("name"));
  const description = tool.string("description");
  const schema = tool.required("input_schema", tool.object("input_schema"));
  const strict = tool.boolean("strict");
  const marks = cacheMarks(tool);
  // Other wires stream every input as it comes; this one has to be asked for it, as the ai package does.
  tool.take("eager_input_streaming");
  tool.rest({ defer_loading: false });
  return {
    at: tool.at,
    name,
    description,
    schema,
    strict: strict === undefined ? undefined : { at: tool.place("strict"), value: strict },
    marks,
  };
}

function readChoice(body: Fields, settings: Settings): void {
  const choice = body.fields("tool_choice");
  if (choice === undefined) return;
  const single = choice.boolean("disable_parallel_tool_use");
  if (single !== undefined) settings.set("parallelCalls", choice.place("disable_parallel_tool_use"), !single);
  const type = choice.string("type");
  const name = choice.string("name");
  const read: Choice | undefined =
    type === "tool"
      ? { kind: "tool", name: choice.required("name", name) }
      : type === "auto" || type === "any" || type === "none"
        ? { kind: type }
        : undefined;
  settings.set("toolChoice", choice.at, choice.required("type", read));
  choice.rest();
}

const efforts: ReadonlySet<string> = new Set(["low", "medium", "high", "xhigh", "max"]);

function readFormat(format: Fields | undefined, settings: Settings): void {
  if (format === undefined) return;
  const schema = format.object("schema");
  if (format.string("type") !== "json_schema" || schema === undefined) {
    format.losses.name(format.at);
    return;
  }
  const title = typeof schema.title === "string" ? schema.title : undefined;
  const name = title === undefined ? undefined : { at: format.place("schema"), value: title };
  settings.set("format", format.at, { name, description: undefined, schema, strict: true });
  format.rest();
}

/** `output_format` is the older place. */
function readOutput(body: Fields, settings: Settings): void {
  readFormat(body.fields("output_format"), settings);
  const output = body.fields("output_config");
  if (output === undefined) return;
  readFormat(output.fields("format"), settings);
  const effort = output.string("effort");
  if (effort !== undefined && !efforts.has(effort)) body.losses.name(output.place("effort"));
  else settings.set("effort", output.place("effort"), effort as Effort | undefined);
  output.rest();
}

/** How deep it thinks by itself the effort says; where that is not told, `high` is what this wire takes. */
function readThinking(body: Fields, settings: Settings): void {
  const thinking = body.fields("thinking");
  if (thinking === undefined) return;
  const type = thinking.string("type");
  const budget = thinking.number("budget_tokens");
  const effort = settings.take("effort");
  if (type === "disabled") settings.set("effort", thinking.at, "none");
  else if (effort !== undefined) settings.set("effort", effort.at, effort.value);
  else if (type === "adaptive") settings.set("effort", thinking.at, "high");
  else if (type !== "enabled") body.losses.name(thinking.at);
  if (type === "disabled" && effort !== undefined) body.losses.name(effort.at);
  settings.set("thinkingBudget", thinking.place("budget_tokens"), budget);
  thinking.rest({ display: "omitted" });
}

function readAccount(body: Fields, settings: Settings): void {
  const metadata = body.fields("metadata");
  settings.set("user", below("metadata", "user_id"), metadata?.string("user_id") || undefined);
  metadata?.rest();
  const tier = body.string("service_tier");
  if (tier === "auto" || tier === "standard_only") {
    settings.set("tier", body.place("service_tier"), tier === "auto" ? "auto" : "standard");
  } else if (tier !== undefined) body.losses.name(body.place("service_tier"));
}

function readSettings(body: Fields, settings: Settings): void {
  const stop = body.list("stop_sequences")?.map((each) => {
    if (typeof each !== "string") throw wrong("stop_sequences");
    return each;
  });
  settings.set("maxOutput", body.place("max_tokens"), body.number("max_tokens"));
  settings.set("temperature", body.place("temperature"), body.number("temperature"));
  settings.set("topP", body.place("top_p"), body.number("top_p"));
  settings.set("topK", body.place("top_k"), body.number("top_k"));
  if (stop !== undefined && stop.length > 0) settings.set("stop", body.place("stop_sequences"), stop);
  readChoice(body, settings);
  readOutput(body, settings);
  readThinking(body, settings);
  readAccount(body, settings);
}

/** Both versions of this wire: the later one has no sampling parameters, and instructions among the messages. */
export function from(body: Fields): Conversation {
  const settings = new Settings();
  if (body.take("thread") !== undefined) throw new Unfit("history");
  readSettings(body, settings);
  const conversation: Conversation = {
    model: body.required("model", body.string("model")),
    stream: body.boolean("stream") ?? false,
    tools: body.all("tools").flatMap((tool) => readTool(tool) ?? []),
    turns: readTurns(body),
    settings,
  };
  body.rest({ speed: "standard" });
  return conversation;
}
