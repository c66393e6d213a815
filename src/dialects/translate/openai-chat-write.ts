import { noUsage, type Usage } from "../dialect.ts";
import type { SseEvent } from "../sse.ts";
import type { Losses } from "./losses.ts";
import type { Failure, StopReason, StreamWriter, WriterOptions } from "./model.ts";
import { failureBody } from "./openai-chat-failure.ts";
import { wireEvent } from "./wire.ts";

export const finishReasons: Readonly<Record<StopReason, string>> = {
  end: "stop",
  sequence: "stop",
  length: "length",
  context: "length",
  calls: "tool_calls",
  refusal: "content_filter",
  pause: "stop",
};

const tiers: ReadonlyMap<string | undefined, string> = new Map([
  ["standard", "default"],
  ["priority", "priority"],
]);

/** The tier by this wire's name; `undefined` where it has none. */
export const tierOf = ({ serviceTier }: Usage): string | undefined => tiers.get(serviceTier);

/** `prompt_tokens` includes what came from the cache and what was written to it. */
export function usageOf(usage: Usage): unknown {
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cacheRead, cache_write_tokens: usage.cacheWrite },
    completion_tokens_details: { reasoning_tokens: usage.reasoning },
  };
}

/** What of a stop cannot be told here. */
export function nameStop(losses: Losses, reason: StopReason, sequence: string | undefined): void {
  if (sequence !== undefined) losses.name("stop_sequence");
  if (reason === "pause") losses.name("stop_reason", "changed");
}

class Chunks implements StreamWriter {
  readonly #options: WriterOptions;
  readonly #losses: Losses;
  #out: SseEvent[] = [];
  /** Of every chunk, up to and behind its choices. */
  #head = "";
  #tail = "";
  readonly #stopped = new Set<number>();
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
    if (this.#head !== "") return;
    const tier = tierOf(usage);
    const told = tier === undefined ? "" : `,"service_tier":"${tier}"`;
    const names = `"created":${this.#options.created},"model":${JSON.stringify(model)}${told}`;
    this.#head = `{"id":${JSON.stringify(id)},"object":"chat.completion.chunk",${names},"choices":[`;
    this.#tail = this.#options.usage ? `],"usage":null}` : "]}";
    this.#delta(0, `{"role":"assistant","content":"","refusal":null}`);
  }

  text(choice: number, text: string): void {
    this.#delta(choice, `{"content":${JSON.stringify(text)}}`);
  }

  refusal(choice: number, text: string): void {
    this.#delta(choice, `{"refusal":${JSON.stringify(text)}}`);
  }

  call(choice: number, call: number, id: string, name: string): void {
    const { callId, toolName } = this.#options;
    const inner = `{"name":${JSON.stringify(toolName(name))},"arguments":""}`;
    this.#delta(
      choice,
      `{"tool_calls":[{"index":${call},"id":${JSON.stringify(callId(id))},"type":"function","function":${inner}}]}`,
    );
  }

  input(choice: number, call: number, json: string): void {
    this.#delta(choice, `{"tool_calls":[{"index":${call},"function":{"arguments":${JSON.stringify(json)}}}]}`);
  }

  called(): void {}

  stop(choice: number, reason: StopReason, sequence: string | undefined): void {
    if (this.#stopped.has(choice)) return;
    nameStop(this.#losses, reason, sequence);
    this.#stopped.add(choice);
    this.#delta(choice, "{}", `"${finishReasons[reason]}"`);
  }

  idle(): void {
    const original = Buffer.from(": keep-alive\n\n");
    this.#out.push({ original, name: undefined, data: original.subarray(0, 0), hasData: false, complete: true });
  }

  fail(failure: Failure): void {
    this.#ended = true;
    this.#out.push(wireEvent(undefined, JSON.stringify(failureBody(failure))));
  }

  end(usage: Usage): void {
    if (this.#stopped.size === 0 || this.#ended) return;
    this.#ended = true;
    if (this.#options.usage) {
      this.#out.push(wireEvent(undefined, `${this.#head}],"usage":${JSON.stringify(usageOf(usage))}}`));
    }
    this.#out.push(wireEvent(undefined, "[DONE]"));
  }

  #delta(choice: number, delta: string, finish = "null"): void {
    if (this.#head === "") this.start("", "", noUsage);
    if (this.#ended) return;
    const said = `{"index":${choice},"delta":${delta},"logprobs":null,"finish_reason":${finish}}`;
    this.#out.push(wireEvent(undefined, this.#head + said + this.#tail));
  }
}

export const stream = (options: WriterOptions, losses: Losses): StreamWriter => new Chunks(options, losses);
