import type { HeadNames, Translator } from "./model.ts";
import { failure, failureBody } from "./openai-chat-failure.ts";
import { from } from "./openai-chat-from.ts";
import { reader } from "./openai-chat-read.ts";
import { to } from "./openai-chat-to.ts";
import { idRule } from "./openai-chat-to-messages.ts";
import { whole } from "./openai-chat-whole.ts";
import { stream } from "./openai-chat-write.ts";

const unit: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const duration = /^(?:\d+(?:\.\d+)?(?:ms|[smhd])){1,5}$/;
const piece = /(\d+(?:\.\d+)?)(ms|[smhd])/g;

/** Waits are told as `6m0s`, `1.5s` or `20ms`. */
const headNames: HeadNames = {
  requestId: "x-request-id",
  limit: (what, measure) => `x-ratelimit-${measure}-${what}`,
  readReset(text, now) {
    if (!duration.test(text)) return undefined;
    const pieces = [...text.matchAll(piece)];
    return now + pieces.reduce((sum, [, count, name]) => sum + Number(count) * (unit[name ?? ""] ?? 0), 0);
  },
  writeReset: (at, now) => `${Math.max(at - now, 0) / 1_000}s`,
};

/** Chat completions, as `openaiChat` describes them. */
export const openaiChatTranslator: Translator = {
  from,
  to,
  idRule,
  nameRule: { pattern: /^[a-zA-Z0-9_-]+$/, longest: 64 },
  reader,
  stream,
  whole,
  failure,
  failureBody,
  headNames,
};
