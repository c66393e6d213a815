/** The wire formats of two providers, as a scripted provider writes them. Token counts are a rough four characters a token. */

/** What a request asks for, in either dialect. */
export interface Asked {
  readonly dialect: "openai" | "anthropic";
  readonly model: string;
  readonly stream: boolean;
  /** The stream has to tell its usage. */
  readonly usage: boolean;
  /** The text of the last message. */
  readonly text: string;
}

export interface WireAnswer {
  readonly contentType: string;
  /** One body, or one piece for each event of a stream. */
  readonly pieces: readonly string[];
}

interface Body {
  readonly model?: string;
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
  readonly messages?: readonly { readonly content?: string | readonly { readonly text?: string }[] }[];
}

export function askedIn(url: string, body: string): Asked {
  const json = JSON.parse(body) as Body;
  const content = json.messages?.at(-1)?.content ?? "";
  return {
    dialect: url.includes("/messages") ? "anthropic" : "openai",
    model: json.model ?? "",
    stream: json.stream === true,
    usage: json.stream_options?.include_usage === true,
    text: typeof content === "string" ? content : content.map((part) => part.text ?? "").join(" "),
  };
}

/** `text` as the answer to what was asked; a stream comes in pieces of four characters, so that placeholders are cut. */
export function answerWith(asked: Asked, text: string): WireAnswer {
  if (asked.stream) {
    const events = asked.dialect === "openai" ? chatChunks(asked, text) : messageEvents(asked, text);
    return { contentType: "text/event-stream", pieces: events };
  }
  const body = asked.dialect === "openai" ? chatCompletion(asked, text) : message(asked, text);
  return { contentType: "application/json", pieces: [JSON.stringify(body)] };
}

const tokens = (text: string): number => Math.ceil(text.length / 4);
const inputTokens = (asked: Asked): number => tokens(asked.text) + 8;
const piecesOf = (text: string): readonly string[] => text.match(/[\s\S]{1,4}/gu) ?? [];

function chatUsage(asked: Asked, text: string): object {
  const [input, output] = [inputTokens(asked), tokens(text)];
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
}

function chatCompletion(asked: Asked, text: string): object {
  const choice = { index: 0, message: { role: "assistant", content: text, refusal: null }, finish_reason: "stop" };
  const head = { id: "chatcmpl-1", object: "chat.completion", created: 1_764_000_000, model: asked.model };
  return { ...head, choices: [choice], usage: chatUsage(asked, text) };
}

function chatChunks(asked: Asked, text: string): readonly string[] {
  const head = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1_764_000_000, model: asked.model };
  const chunk = (fields: object): string => `data: ${JSON.stringify({ ...head, ...fields })}\n\n`;
  const choice = (delta: object, finish: string | null = null): string =>
    chunk({ choices: [{ index: 0, delta, finish_reason: finish }] });
  return [
    choice({ role: "assistant", content: "" }),
    ...piecesOf(text).map((content) => choice({ content })),
    choice({}, "stop"),
    ...(asked.usage ? [chunk({ choices: [], usage: chatUsage(asked, text) })] : []),
    "data: [DONE]\n\n",
  ];
}

function message(asked: Asked, text: string): object {
  const usage = { input_tokens: inputTokens(asked), output_tokens: tokens(text) };
  const head = { id: "msg_1", type: "message", role: "assistant", model: asked.model };
  return { ...head, content: [{ type: "text", text }], stop_reason: "end_turn", stop_sequence: null, usage };
}

function messageEvents(asked: Asked, text: string): readonly string[] {
  const event = (type: string, fields: object = {}): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
  const head = { id: "msg_1", type: "message", role: "assistant", model: asked.model, content: [], stop_reason: null };
  const usage = { input_tokens: inputTokens(asked), output_tokens: 1 };
  return [
    event("message_start", { message: { ...head, usage } }),
    event("content_block_start", { index: 0, content_block: { type: "text", text: "" } }),
    event("ping"),
    ...piecesOf(text).map((piece) =>
      event("content_block_delta", { index: 0, delta: { type: "text_delta", text: piece } }),
    ),
    event("content_block_stop", { index: 0 }),
    event("message_delta", { delta: { stop_reason: "end_turn" }, usage: { output_tokens: tokens(text) } }),
    event("message_stop"),
  ];
}
