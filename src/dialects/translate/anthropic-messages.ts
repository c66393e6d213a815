import { failure, failureBody } from "./anthropic-messages-failure.ts";
import { from } from "./anthropic-messages-from.ts";
import { reader } from "./anthropic-messages-read.ts";
import { to } from "./anthropic-messages-to.ts";
import { idRule } from "./anthropic-messages-to-messages.ts";
import { whole } from "./anthropic-messages-whole.ts";
import { stream } from "./anthropic-messages-write.ts";
import type { HeadNames, Translator } from "./model.ts";

const measured = (time: number): number | undefined => (Number.isFinite(time) ? time : undefined);

/** Resets are told as times of RFC 3339, in whole seconds. */
const headNames: HeadNames = {
  requestId: "request-id",
  limit: (what, measure) => `anthropic-ratelimit-${what}-${measure}`,
  readReset: (text) => measured(Date.parse(text)),
  writeReset: (at) => new Date(Math.ceil(at / 1_000) * 1_000).toISOString().replace(".000Z", "Z"),
};

/** Messages, in both versions that `anthropicMessages` describes. */
export const anthropicMessagesTranslator: Translator = {
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
