import { Refusal } from "../errors.ts";
import type { Reply, RequestHead } from "../http.ts";
import type { Dialect } from "./dialect.ts";
import { ask, edits, reasons } from "./openai-chat-ask.ts";
import { channel, closes, finished, flowed, stage } from "./openai-chat-chunks.ts";
import { delta, keepAlive } from "./openai-chat-delta.ts";
import { error, errorOf, refusal, terminal } from "./openai-chat-errors.ts";
import { answerHeaders, matches, modelInPath, operation, path, requestHeaders, sign } from "./openai-chat-routes.ts";
import { answerRules, jsonAnswerRules, requestRules } from "./openai-chat-rules.ts";
import { usage, usageOnly } from "./openai-chat-usage.ts";

const modelOf = (id: string) => ({ id, object: "model", created: 0, owned_by: "postern" });

const json = (value: unknown): Reply => ({
  status: 200,
  headers: { "content-type": "application/json" },
  body: Buffer.from(JSON.stringify(value)),
});

function models(ids: readonly string[], head: RequestHead): Reply {
  if (operation(head) !== "model") return json({ object: "list", data: ids.map(modelOf) });
  const id = modelInPath(head);
  return ids.includes(id) ? json(modelOf(id)) : refusal(new Refusal("model_not_found"), head);
}

/**
 * OpenAI's Chat Completions API, whole and streamed, and that of the servers compatible with it (vLLM, Ollama, Groq, Mistral, DeepSeek,
 * OpenRouter, Gemini). Source: https://platform.openai.com/docs/api-reference/chat and the declarations of `openai` 6.49.
 */
export const openaiChat: Dialect = {
  name: "openai-chat",
  provider: "openai",
  matches,
  operation,
  requestRules,
  answerRules,
  jsonAnswerRules,
  ask,
  reasons,
  edits,
  path,
  requestHeaders,
  answerHeaders,
  sign,
  stage,
  closes,
  finished,
  channel,
  flowed,
  usage,
  usageOnly,
  delta,
  error,
  errorOf,
  refusal,
  terminal,
  keepAlive,
  models,
};
