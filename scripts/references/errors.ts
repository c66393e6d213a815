import { anthropicMessages } from "../../src/dialects/anthropic-messages.ts";
import type { Dialect } from "../../src/dialects/dialect.ts";
import { openaiChat } from "../../src/dialects/openai-chat.ts";
import { type ErrorCode, errorTable, Refusal } from "../../src/errors.ts";
import { code, page, table } from "./markdown.ts";

const example = new Refusal("rate_limited", { limit: 600 }, 1_500);

function shown(dialect: Dialect): string {
  const { status, headers, body } = dialect.refusal(example, { method: "POST", url: "/v1", headers: {} });
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return ["```http", `HTTP/1.1 ${status}`, ...lines, "", Buffer.from(body).toString("utf8"), "```"].join("\n");
}

/** Every code that Postern itself answers with, from the one table of them. */
export function errorsReference(): string {
  const rows = Object.keys(errorTable).map((name) => {
    const { status, retryable, message } = errorTable[name as ErrorCode];
    return [code(name), String(status), retryable ? "yes" : "no", message];
  });
  return page(
    "Errors",
    [
      "Every refusal is an error of the caller's own dialect, as its SDK expects it. Codes are stable; messages may be reworded.",
      "**Retry** is what `x-should-retry` tells the official SDKs, which obey it. A message may end in facts in brackets (names, numbers, places),",
      "never in text of the request. A provider's own error reaches the caller as the provider sent it, or translated, when no other target answered.",
    ].join("\n"),
    table(["Code", "Status", "Retry", "Meaning"], rows),
    `## As OpenAI's SDK gets one\n\nThe code is \`error.code\`.\n\n${shown(openaiChat)}`,
    `## As Anthropic's SDK gets one\n\nThe code is \`error.code\`, and \`error.details.error_code\`.\n\n${shown(anthropicMessages)}`,
    [
      "## In a stream",
      "",
      "What fails after the answer has begun ends the stream with an error event that holds the same object; no `[DONE]`, `message_stop` or finish reason",
      "follows, so that a broken answer is never taken for a whole one.",
    ].join("\n"),
  );
}
