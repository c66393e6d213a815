import { noUsage, type Usage } from "../dialect.ts";
import type { SseEvent } from "../sse.ts";
import { failureBody } from "./anthropic-messages-failure.ts";
import { type Block, BlockRow, type BlockSink } from "./blocks.ts";
import type { Losses } from "./losses.ts";
import type { Failure, StopReason, StreamWriter, WriterOptions } from "./model.ts";
import { wireEvent } from "./wire.ts";

const stopReasons: Readonly<Record<StopReason, string>> = {
  end: "end_turn",
  sequence: "stop_sequence",
  length: "max_tokens",
  context: "model_context_window_exceeded",
  calls: "tool_use",
  refusal: "refusal",
  pause: "pause_turn",
};

const tiers: ReadonlyMap<string | undefined, string> = new Map([
  ["default", "standard"],
  ["priority", "priority"],
]);

export function stopOf(reason: StopReason, sequence: string | undefined): Readonly<Record<string, unknown>> {
  const refusal = { type: "refusal", category: null, explanation: null };
  return {
    stop_reason: stopReasons[reason],
    stop_sequence: sequence ?? null,
    stop_details: reason === "refusal" ? refusal : null,
  };
}

/** `input_tokens` leaves out what came from the cache and what was written to it. */
export function totalsOf(usage: Usage): Readonly<Record<string, unknown>> {
  return {
    input_tokens: Math.max(usage.input - usage.cacheRead - usage.cacheWrite, 0),
    cache_creation_input_tokens: usage.cacheWrite,
    cache_read_input_tokens: usage.cacheRead,
    output_tokens: usage.output,
    output_tokens_details: { thinking_tokens: usage.reasoning },
    server_tool_use: null,
  };
}

/** Of the writes to the cache no other wire tells how long they last. */
export function usageOf(usage: Usage, losses: Losses): Readonly<Record<string, unknown>> {
  const tier = tiers.get(usage.serviceTier);
  if (usage.serviceTier !== undefined && tier === undefined) losses.name("service_tier");
  return { ...totalsOf(usage), cache_creation: null, inference_geo: null, service_tier: tier ?? null, speed: null };
}

class Events implements StreamWriter, BlockSink {
  readonly #options: WriterOptions;
  readonly #losses: Losses;
  readonly #row = new BlockRow(this);
  #out: SseEvent[] = [];
  #index = -1;
  #stop: Readonly<Record<string, unknown>> | undefined;
  #started = false;
  #ended = false;

  constructor(options: WriterOptions, losses: Losses) {
    this.#options = options;
    this.#losses = losses;
  }

  take(): readonly SseEvent[] {
    const out = this.#out;
    this.#out = [];
    return out;
  }

  start(id: string, model: string, usage: Usage): void {
    if (this.#started) return;
    this.#started = true;
    const message = {
      id,
      type: "message",
      role: "assistant",
      model,
      content: [],
      container: null,
      diagnostics: null,
      stop_reason: null,
      stop_sequence: null,
      stop_details: null,
      usage: usageOf(usage, this.#losses),
    };
    this.#out.push(wireEvent("message_start", JSON.stringify({ type: "message_start", message })));
  }

  text(choice: number, text: string): void {
    if (this.#has(choice) && text !== "") this.#row.text(text);
  }

  refusal(choice: number, text: string): void {
    this.text(choice, text);
  }

  call(choice: number, call: number, id: string, name: string): void {
    if (this.#has(choice)) this.#row.call(call, this.#options.callId(id), this.#options.toolName(name));
  }

  input(choice: number, call: number, json: string): void {
    if (this.#has(choice) && !this.#row.input(call, json) && json.trim() !== "") {
      this.#losses.name(`choices[${choice}].tool_calls`);
    }
  }

  called(choice: number, call: number): void {
    if (this.#has(choice)) this.#row.called(call);
  }

  stop(choice: number, reason: StopReason, sequence: string | undefined): void {
    if (!this.#has(choice)) return;
    this.#row.close();
    this.#stop = stopOf(reason, sequence);
  }

  idle(): void {
    this.#out.push(wireEvent("ping", '{"type":"ping"}'));
  }

  fail(failure: Failure): void {
    this.#ended = true;
    this.#out.push(wireEvent("error", JSON.stringify(failureBody(failure))));
  }

  end(usage: Usage): void {
    if (this.#stop === undefined || this.#ended) return;
    this.#ended = true;
    const delta = { container: null, ...this.#stop };
    this.#out.push(
      wireEvent("message_delta", JSON.stringify({ type: "message_delta", delta, usage: totalsOf(usage) })),
      wireEvent("message_stop", '{"type":"message_stop"}'),
    );
  }

  /** As the provider does it, no `citations` where there are none: the `ai` package takes no `null` for it. */
  begin({ call, id, name }: Block): void {
    this.#index++;
    const block =
      call < 0
        ? `{"type":"text","text":""}`
        : `{"type":"tool_use","id":${JSON.stringify(id)},"name":${JSON.stringify(name)},"input":{},"caller":{"type":"direct"}}`;
    this.#say("content_block_start", `,"content_block":${block}`);
  }

  piece({ call }: Block, text: string): void {
    const said = JSON.stringify(text);
    const delta = call < 0 ? `"text_delta","text":${said}` : `"input_json_delta","partial_json":${said}`;
    this.#say("content_block_delta", `,"delta":{"type":${delta}}`);
  }

  finish(): void {
    this.#say("content_block_stop", "");
  }

  #say(type: string, rest: string): void {
    this.#out.push(wireEvent(type, `{"type":"${type}","index":${this.#index}${rest}}`));
  }

  /** This wire has one answer, with a beginning and an end. */
  #has(choice: number): boolean {
    if (choice !== 0) this.#losses.name(`choices[${choice}]`);
    this.start("", "", noUsage);
    return choice === 0 && this.#stop === undefined && !this.#ended;
  }
}

export const stream = (options: WriterOptions, losses: Losses): StreamWriter => new Events(options, losses);
