import { Refusal } from "../errors.ts";
import type { Reply, RequestHead } from "../http.ts";
import { ask, edits, reasons } from "./anthropic-messages-ask.ts";
import { error, errorOf, refusal, terminal } from "./anthropic-messages-errors.ts";
import { channel, closes, delta, finished, flowed, keepAlive, stage } from "./anthropic-messages-events.ts";
import {
  answerHeaders,
  matches,
  modelInPath,
  operation,
  path,
  requestHeaders,
  sign,
} from "./anthropic-messages-routes.ts";
import { answerRules, jsonAnswerRules, requestRules } from "./anthropic-messages-rules.ts";
import { usage } from "./anthropic-messages-usage.ts";
import type { Dialect } from "./dialect.ts";

/** The epoch is this wire's own word for an unknown release date. */
const modelOf = (id: string) => ({ type: "model", id, display_name: id, created_at: "1970-01-01T00:00:00Z" });

const json = (value: unknown): Reply => ({
  status: 200,
  headers: { "content-type": "application/json" },
  body: Buffer.from(JSON.stringify(value)),
});

function models(ids: readonly string[], head: RequestHead): Reply {
  if (operation(head) !== "model") {
    const data = ids.map(modelOf);
    return json({ data, has_more: false, first_id: ids[0] ?? null, last_id: ids.at(-1) ?? null });
  }
  const id = modelInPath(head);
  return ids.includes(id) ? json(modelOf(id)) : refusal(new Refusal("model_not_found"), head);
}

/**
 * Anthropic's Messages API, whole and streamed, in the versions 2023-06-01 and 2026-10-21.
 * Source: https://docs.claude.com/en/api/messages and the declarations of `@anthropic-ai/sdk` 1.13.
 */
export const anthropicMessages: Dialect = {
  name: "anthropic-messages",
  provider: "anthropic",
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
  usageOnly: () => false,
  delta,
  error,
  errorOf,
  refusal,
  terminal,
  keepAlive,
  models,
};
