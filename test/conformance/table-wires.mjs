// What a provider says, in the form of either wire.
const piecesOf = (text, size) => text.match(new RegExp(`[\\s\\S]{1,${size}}`, "gu")) ?? [];
const cached = 40;
const usage = { input: 100, output: 20 };

/** Kimi's way of naming calls: what Anthropic takes for no id, and the same again in every turn. */
const callId = (wire, { name }, index, turn) =>
  wire === "openai" ? `functions.${name}:${index}` : `toolu_${turn}_${index}`;

const chatUsage = {
  prompt_tokens: usage.input,
  completion_tokens: usage.output,
  total_tokens: usage.input + usage.output,
  prompt_tokens_details: { cached_tokens: cached },
};
const messageUsage = {
  input_tokens: usage.input - cached,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: cached,
  output_tokens: usage.output,
};

export function chatCompletion({ model, said, turn, choices }) {
  const { text = null, calls = [] } = said;
  const tool_calls = calls.map((call, index) => ({
    id: callId("openai", call, index, turn),
    type: "function",
    function: { name: call.name, arguments: JSON.stringify(call.input) },
  }));
  const message = (index) => ({
    role: "assistant",
    content: text === null ? null : `${text}${index || ""}`,
    refusal: null,
    ...(calls.length > 0 && { tool_calls }),
  });
  return {
    id: `chatcmpl-${turn}`,
    object: "chat.completion",
    created: 1_764_000_000,
    model,
    choices: Array.from({ length: choices }, (_, index) => ({
      index,
      message: message(index),
      logprobs: null,
      finish_reason: calls.length > 0 ? "tool_calls" : "stop",
    })),
    usage: chatUsage,
  };
}

/** Arguments of parallel calls come mixed. */
export function chatChunks(asked) {
  const { model, said, turn, choices, told } = asked;
  const head = { id: `chatcmpl-${turn}`, object: "chat.completion.chunk", created: 1_764_000_000, model };
  const chunk = (fields) => `data: ${JSON.stringify({ ...head, ...fields })}\n\n`;
  const delta = (index, inner, finish_reason = null) => chunk({ choices: [{ index, delta: inner, finish_reason }] });
  const { text = "", calls = [] } = said;
  const all = Array.from({ length: choices }, (_, index) => index);
  const begun = calls.map((call, index) => ({
    tool_calls: [
      {
        index,
        id: callId("openai", call, index, turn),
        type: "function",
        function: { name: call.name, arguments: "" },
      },
    ],
  }));
  const inputs = calls.map((call) => piecesOf(JSON.stringify(call.input), 5));
  const longest = Math.max(0, ...inputs.map(({ length }) => length));
  const mixed = Array.from({ length: longest }, (_, at) =>
    inputs.flatMap((pieces, index) =>
      at < pieces.length ? [{ tool_calls: [{ index, function: { arguments: pieces[at] } }] }] : [],
    ),
  ).flat();
  return [
    ...all.map((index) => delta(index, { role: "assistant", content: "" })),
    ...piecesOf(text, 4).flatMap((content) => all.map((index) => delta(index, { content }))),
    ...[...begun, ...mixed].map((inner) => delta(0, inner)),
    ...all.map((index) => delta(index, {}, calls.length > 0 ? "tool_calls" : "stop")),
    ...(told ? [chunk({ choices: [], usage: chatUsage })] : []),
    "data: [DONE]\n\n",
  ];
}

function blocksOf({ said, turn }) {
  const { text, calls = [], thinking } = said;
  return [
    ...(thinking ? [{ type: "thinking", thinking, signature: "c2lnbmVk".repeat(20) }] : []),
    ...(text ? [{ type: "text", text }] : []),
    ...calls.map((call, index) => ({
      type: "tool_use",
      id: callId("anthropic", call, index, turn),
      name: call.name,
      input: call.input,
    })),
  ];
}

export function message(asked) {
  const { model, said, turn } = asked;
  return {
    id: `msg_${turn}`,
    type: "message",
    role: "assistant",
    model,
    content: blocksOf(asked),
    stop_reason: said.calls ? "tool_use" : "end_turn",
    stop_sequence: null,
    usage: messageUsage,
  };
}

const event = (type, fields = {}) => `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;

function blockEvents(block, index) {
  const delta = (fields) => event("content_block_delta", { index, delta: fields });
  const start = (content_block) => event("content_block_start", { index, content_block });
  const told = {
    text: () => [
      start({ ...block, text: "" }),
      ...piecesOf(block.text, 4).map((text) => delta({ type: "text_delta", text })),
    ],
    thinking: () => [
      start({ type: "thinking", thinking: "", signature: "" }),
      delta({ type: "thinking_delta", thinking: block.thinking }),
      delta({ type: "signature_delta", signature: block.signature }),
    ],
    tool_use: () => [
      start({ ...block, input: {} }),
      ...piecesOf(JSON.stringify(block.input), 5).map((partial_json) =>
        delta({ type: "input_json_delta", partial_json }),
      ),
    ],
  };
  return [...told[block.type](), event("content_block_stop", { index })];
}

export function messageEvents(asked) {
  const { stop_reason, ...head } = message(asked);
  return [
    event("message_start", {
      message: { ...head, content: [], stop_reason: null, usage: { ...messageUsage, output_tokens: 1 } },
    }),
    event("ping"),
    ...blocksOf(asked).flatMap(blockEvents),
    event("message_delta", { delta: { stop_reason, stop_sequence: null }, usage: messageUsage }),
    event("message_stop"),
  ];
}
