/** The two providers' wires, as their answers are written and read. */
import { answerText, streamPieces } from "./traffic.js";

const openaiUsage = {
  prompt_tokens: 412,
  completion_tokens: 96,
  total_tokens: 508,
  prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
};
const openaiHead = { id: "chatcmpl-bench", created: 1_764_000_000, model: "gpt-5-mini-2025-08-07" };
const openaiRest = { service_tier: "default", system_fingerprint: "fp_1" };

function openaiBody() {
  const message = { role: "assistant", content: answerText, refusal: null, annotations: [] };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: "stop" }];
  return { ...openaiHead, object: "chat.completion", choices, usage: openaiUsage, ...openaiRest };
}

/** Events of about 200 bytes. */
function openaiEvents(events) {
  const head = { ...openaiHead, object: "chat.completion.chunk", ...openaiRest };
  const chunk = (choices, usage = null) => `data: ${JSON.stringify({ ...head, choices, usage })}\n\n`;
  const choice = (delta, reason = null) => chunk([{ index: 0, delta, finish_reason: reason }]);
  return [
    choice({ role: "assistant", content: "" }),
    ...streamPieces(events).map((content) => choice({ content })),
    choice({}, "stop"),
    chunk([], openaiUsage),
    "data: [DONE]\n\n",
  ];
}

const anthropicUsage = {
  input_tokens: 412,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  output_tokens: 96,
  service_tier: "standard",
};
const anthropicHead = { id: "msg_bench", type: "message", role: "assistant", model: "claude-sonnet-4-5-20250929" };
const ended = { stop_reason: "end_turn", stop_sequence: null };

const anthropicBody = () => ({
  ...anthropicHead,
  content: [{ type: "text", text: answerText }],
  ...ended,
  usage: anthropicUsage,
});

/** Events of about 120 bytes. */
function anthropicEvents(events) {
  const event = (type, fields = {}) => `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
  const open = { content: [], stop_reason: null, stop_sequence: null, usage: { ...anthropicUsage, output_tokens: 1 } };
  const delta = (text) => event("content_block_delta", { index: 0, delta: { type: "text_delta", text } });
  return [
    event("message_start", { message: { ...anthropicHead, ...open } }),
    event("content_block_start", { index: 0, content_block: { type: "text", text: "" } }),
    event("ping"),
    ...streamPieces(events).map(delta),
    event("content_block_stop", { index: 0 }),
    event("message_delta", { delta: ended, usage: { output_tokens: 96 } }),
    event("message_stop"),
  ];
}

const dataIn = (body) =>
  body
    .toString()
    .split("\n\n")
    .flatMap((event) => /^data: (\{.*)/m.exec(event)?.[1] ?? [])
    .map((data) => JSON.parse(data));

const bytes = (texts) => texts.map((text) => Buffer.from(text));

/** What each provider answers, and how its callers read that. */
export const wires = {
  openai: {
    path: "/v1/chat/completions",
    headers: "",
    body: () => Buffer.from(JSON.stringify(openaiBody())),
    events: (count) => bytes(openaiEvents(count)),
    textOf: (body) => JSON.parse(body).choices[0].message.content,
    textOfStream: (body) =>
      dataIn(body)
        .map(({ choices }) => choices[0]?.delta.content ?? "")
        .join(""),
    ends: (body) => body.toString().endsWith("data: [DONE]\n\n"),
  },
  anthropic: {
    path: "/v1/messages",
    headers: "anthropic-version: 2023-06-01\r\n",
    body: () => Buffer.from(JSON.stringify(anthropicBody())),
    events: (count) => bytes(anthropicEvents(count)),
    textOf: (body) =>
      JSON.parse(body)
        .content.map(({ text }) => text)
        .join(""),
    textOfStream: (body) =>
      dataIn(body)
        .map(({ delta }) => delta?.text ?? "")
        .join(""),
    ends: (body) => body.toString().endsWith('data: {"type":"message_stop"}\n\n'),
  },
};
