import type { RuleNode, Section, SlotClass } from "../slot.ts";
import { binary, json, opaque, rules, text } from "./rules.ts";

type Places = Record<string, SlotClass>;

/** What the API itself validates: identifiers, enums, and what it signed or encrypted for the way back. */
const identifiers = [
  "type",
  "id",
  "name",
  "tool_use_id",
  "tool_name",
  "toolset_name",
  "tool_id",
  "file_id",
  "error_code",
  "media_type",
] as const;
const sealed = ["signature", "data", "encrypted_content", "encrypted_stdout"] as const;

function fields(place: string, section: Section): Places {
  const found: Places = { [`${place}.thinking`]: opaque(section) };
  for (const name of identifiers) found[`${place}.${name}`] = opaque(section);
  for (const name of sealed) found[`${place}.${name}`] = binary(section, "opaque");
  for (const name of ["cache_control", "caller"]) found[`${place}.${name}.**`] = opaque(section);
  for (const name of ["from", "to"]) found[`${place}.${name}.model`] = opaque(section);
  for (const name of ["type", "name", "definition.type", "definition.name", "definition.model"]) {
    found[`${place}.tool.${name}`] = opaque(section);
  }
  return { ...found, ...citation(`${place}.citations[]`, section), ...source(`${place}.source`, section) };
}

const citation = (place: string, section: Section): Places => ({
  [`${place}.type`]: opaque(section),
  [`${place}.file_id`]: opaque(section),
  [`${place}.encrypted_index`]: binary(section, "opaque"),
});

/** `data` is base64 of an image or a PDF, or the plain text of a `type: "text"` document. */
const source = (place: string, section: Section): Places => ({
  [`${place}.type`]: opaque(section),
  [`${place}.media_type`]: opaque(section),
  [`${place}.file_id`]: opaque(section),
  [`${place}.data`]: binary(section),
});

/**
 * A content block, and the blocks in it: of a tool's result, of a document, of a search result in a tool's result. Results of server
 * tools hold one object (`web_fetch_result`, with a document as its own `content`) where others hold a list.
 */
function block(place: string, section: Section, depth = 2): Places {
  const here = fields(place, section);
  if (depth === 0) return here;
  const within = ["content[]", "content", "source.content[]", "content.tool_references[]"];
  return Object.assign(here, ...within.map((name) => block(`${place}.${name}`, section, depth - 1)));
}

const tool = (place: string): Places => ({
  [`${place}.**`]: text("tools"),
  [`${place}.type`]: opaque("tools"),
  [`${place}.name`]: opaque("tools"),
  [`${place}.model`]: opaque("tools"),
  [`${place}.allowed_callers[]`]: opaque("tools"),
  [`${place}.cache_control.**`]: opaque("tools"),
});

/** Everything else is text: also `metadata.user_id`, `stop_sequences` and `mcp_servers[].authorization_token`. */
export const requestRules: RuleNode = rules(text("other"), {
  model: opaque("other"),
  service_tier: opaque("other"),
  inference_geo: opaque("other"),
  speed: opaque("other"),
  "cache_control.**": opaque("other"),
  "container.**": opaque("other"),
  "diagnostics.**": opaque("other"),
  "thread.**": opaque("other"),
  "thinking.**": opaque("other"),
  "tool_choice.**": opaque("other"),
  "output_config.effort": opaque("other"),
  "output_config.format.type": opaque("other"),
  "context_management.edits[].type": opaque("other"),
  "mcp_servers[].type": opaque("other"),
  "fallbacks[].model": opaque("other"),
  fallback_credit_token: binary("other"),
  "fallback_credit_token.token": binary("other"),
  "fallback_credit_token.mode": opaque("other"),
  "billing_policy.**": opaque("other"),
  "compaction.type": opaque("other"),
  "output_format.type": opaque("other"),
  ...tool("tools[]"),
  "system.**": text("system"),
  ...block("system[]", "system", 0),
  "messages.**": text("messages"),
  "messages[].role": opaque("messages"),
  "messages[].output_config.effort": opaque("messages"),
  ...block("messages[].content[]", "messages"),
});

/** Of a block: what the model said, which is billed as output; `content` where it is a compaction's text. */
const said = (place: string): Places => ({
  [`${place}.text`]: text("messages"),
  [`${place}.thinking`]: opaque("messages"),
  [`${place}.name`]: opaque("messages"),
  [`${place}.input.**`]: text("messages"),
  [`${place}.content`]: text("messages"),
});

const stop = (place: string): Places => ({
  [`${place}.type`]: opaque("system"),
  [`${place}.category`]: opaque("system"),
  [`${place}.recommended_model`]: opaque("system"),
  [`${place}.fallback_credit_token`]: binary("system", "opaque"),
});

const message = (prefix: string): Places => ({
  [`${prefix}id`]: opaque("system"),
  [`${prefix}type`]: opaque("system"),
  [`${prefix}role`]: opaque("system"),
  [`${prefix}model`]: opaque("system"),
  [`${prefix}stop_reason`]: opaque("system"),
  ...stop(`${prefix}stop_details`),
  [`${prefix}container.**`]: opaque("system"),
  [`${prefix}usage.**`]: opaque("system"),
  ...block(`${prefix}content[]`, "system"),
  ...said(`${prefix}content[]`),
});

/**
 * Whole bodies, streamed events and errors. Thinking is signed as it stands, so it is never edited, streamed or whole. Here the sections
 * tell apart, without a path for every string of every event, what the model says (`messages`) and everything around it (`system`).
 */
const answerPlaces: Places = {
  ...message(""),
  ...message("message."),
  ...block("content_block", "system"),
  ...said("content_block"),
  "delta.type": opaque("system"),
  "delta.text": text("messages"),
  "delta.partial_json": json("messages"),
  "delta.thinking": opaque("messages"),
  "delta.content": text("messages"),
  "delta.signature": binary("system", "opaque"),
  "delta.encrypted_content": binary("system", "opaque"),
  "delta.stop_reason": opaque("system"),
  ...stop("delta.stop_details"),
  "delta.container.**": opaque("system"),
  ...citation("delta.citation", "system"),
  "error.type": opaque("system"),
  "error.details.**": opaque("system"),
  request_id: opaque("system"),
};

export const answerRules: RuleNode = rules(text("system"), answerPlaces);
/** A format binds the text blocks of the answer, and nothing else of it. */
export const jsonAnswerRules: RuleNode = rules(text("system"), {
  ...answerPlaces,
  "content[].text": json("messages"),
  "message.content[].text": json("messages"),
  "content_block.text": json("messages"),
  "delta.text": json("messages"),
});
