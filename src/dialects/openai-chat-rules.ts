import type { RuleNode, SlotClass } from "../slot.ts";
import { binary, json, opaque, rules, text } from "./rules.ts";

type Places = Record<string, SlotClass>;

/** What providers sign or encrypt for the way back: OpenRouter's `reasoning_details`, Gemini's `thought_signature`. */
const sealed = (place: string): Places => ({
  [`${place}.reasoning_details[].type`]: opaque("messages"),
  [`${place}.reasoning_details[].id`]: opaque("messages"),
  [`${place}.reasoning_details[].format`]: opaque("messages"),
  [`${place}.reasoning_details[].signature`]: binary("messages", "opaque"),
  [`${place}.reasoning_details[].data`]: binary("messages", "opaque"),
  [`${place}.tool_calls[].extra_content.google.thought_signature`]: binary("messages", "opaque"),
});

/** Names of tools must match `^[a-zA-Z0-9_-]+$`, so no placeholder can stand for one. */
const calls = (place: string): Places => ({
  [`${place}.tool_calls[].id`]: opaque("messages"),
  [`${place}.tool_calls[].type`]: opaque("messages"),
  [`${place}.tool_calls[].function.name`]: opaque("messages"),
  [`${place}.tool_calls[].function.arguments`]: json("messages"),
  [`${place}.tool_calls[].custom.name`]: opaque("messages"),
  [`${place}.function_call.name`]: opaque("messages"),
  [`${place}.function_call.arguments`]: json("messages"),
  [`${place}.audio.id`]: opaque("messages"),
});

/** `video_url` and `audio_url` are vLLM's and OpenRouter's; Mistral takes an `image_url` that is a string. */
const contentPart = (place: string): Places => ({
  [`${place}.type`]: opaque("messages"),
  [`${place}.image_url`]: binary("messages"),
  [`${place}.image_url.url`]: binary("messages"),
  [`${place}.image_url.detail`]: opaque("messages"),
  [`${place}.input_audio.data`]: binary("messages"),
  [`${place}.input_audio.format`]: opaque("messages"),
  [`${place}.audio_url.url`]: binary("messages"),
  [`${place}.video_url.url`]: binary("messages"),
  [`${place}.file.file_data`]: binary("messages"),
  [`${place}.file.file_id`]: opaque("messages"),
  [`${place}.prompt_cache_breakpoint.mode`]: opaque("messages"),
});

const toolPlaces: Places = {
  "tools[].**": text("tools"),
  "tools[].type": opaque("tools"),
  "tools[].function.name": opaque("tools"),
  "tools[].custom.name": opaque("tools"),
  "tools[].model": opaque("tools"),
  "tools[].parameters.model": opaque("tools"),
  "tools[].custom.format.type": opaque("tools"),
  "tools[].custom.format.grammar.syntax": opaque("tools"),
  "functions[].**": text("tools"),
  "functions[].name": opaque("tools"),
  "response_format.**": text("tools"),
  "response_format.type": opaque("tools"),
  "response_format.json_schema.name": opaque("tools"),
};

/**
 * Everything else is text: `user`, `metadata`, `stop`, `safety_identifier`, `prompt_cache_key`, a participant's `name`, log probabilities
 * that come back. System and developer messages are numbered where they stand among the messages.
 */
export const requestRules: RuleNode = rules(text("other"), {
  model: opaque("other"),
  reasoning_effort: opaque("other"),
  service_tier: opaque("other"),
  verbosity: opaque("other"),
  prompt_cache_retention: opaque("other"),
  "prompt_cache_options.**": opaque("other"),
  "modalities[]": opaque("other"),
  "audio.**": opaque("other"),
  "tool_choice.**": opaque("other"),
  "function_call.**": opaque("other"),
  "prediction.type": opaque("other"),
  "prediction.content[].type": opaque("other"),
  "moderation.model": opaque("other"),
  "models[]": opaque("other"),
  "web_search_options.search_context_size": opaque("other"),
  "web_search_options.user_location.type": opaque("other"),
  ...toolPlaces,
  "messages.**": text("messages"),
  "messages[].role": opaque("messages"),
  "messages[].tool_call_id": opaque("messages"),
  ...contentPart("messages[].content[]"),
  ...calls("messages[]"),
  ...sealed("messages[]"),
});

const answer = (place: string): Places => ({
  [`${place}.role`]: opaque("other"),
  [`${place}.audio.data`]: binary("messages", "opaque"),
  ...calls(place),
  [`${place}.reasoning_details.**`]: opaque("messages"),
  [`${place}.tool_calls[].extra_content.**`]: opaque("messages"),
});

/**
 * Whole bodies, streamed chunks and errors. Here the sections tell apart, without a path for every string of every chunk: what the model
 * says (`messages`), what the provider says about it (`system`: reason, usage, error), and the envelope (`other`).
 * `logprobs` hold the answer again, token by token: a value could be put back into neither the tokens that a placeholder is cut into nor
 * their bytes, so they stay as they came, with placeholders.
 */
const answerPlaces: Places = {
  id: opaque("other"),
  object: opaque("other"),
  model: opaque("other"),
  system_fingerprint: opaque("other"),
  service_tier: opaque("other"),
  obfuscation: opaque("other"),
  provider: opaque("other"),
  "x_groq.**": opaque("other"),
  "prompt_filter_results.**": opaque("other"),
  "usage.**": opaque("system"),
  "x_groq.usage.**": opaque("system"),
  "moderation.**": opaque("system"),
  "error.**": text("system"),
  "error.type": opaque("system"),
  "error.code": opaque("system"),
  "choices[].**": text("messages"),
  "choices[].finish_reason": opaque("system"),
  "choices[].usage.**": opaque("system"),
  "choices[].native_finish_reason": opaque("other"),
  "choices[].stop_reason": opaque("other"),
  "choices[].logprobs.**": opaque("other"),
  "choices[].content_filter_results.**": opaque("other"),
  ...answer("choices[].message"),
  ...answer("choices[].delta"),
};

/** What the model says to the caller, where that was to be JSON; a refusal and its thoughts stay prose. */
const jsonPlaces = (place: string): Places => ({
  [`${place}.content`]: json("messages"),
  [`${place}.content[].text`]: json("messages"),
});

export const answerRules: RuleNode = rules(text("other"), answerPlaces);
export const jsonAnswerRules: RuleNode = rules(text("other"), {
  ...answerPlaces,
  ...jsonPlaces("choices[].message"),
  ...jsonPlaces("choices[].delta"),
});
