import type { Usage } from "../dialect.ts";
import type { Losses } from "./losses.ts";
import type { StopReason, WholeWriter, WriterOptions } from "./model.ts";
import { finishReasons, nameStop, tierOf, usageOf } from "./openai-chat-write.ts";

interface Choice {
  content: string | null;
  refusal: string | null;
  readonly calls: Map<number, { readonly id: string; readonly name: string; input: string }>;
  finish: string;
}

class Completion implements WholeWriter {
  readonly #options: WriterOptions;
  readonly #losses: Losses;
  readonly #choices = new Map<number, Choice>();
  #id = "";
  #model = "";
  #usage: Usage | undefined;

  constructor(options: WriterOptions, losses: Losses) {
    this.#options = options;
    this.#losses = losses;
  }

  start(id: string, model: string): void {
    this.#id = id;
    this.#model = model;
    this.#at(0);
  }

  text(choice: number, text: string): void {
    const at = this.#at(choice);
    at.content = (at.content ?? "") + text;
  }

  refusal(choice: number, text: string): void {
    const at = this.#at(choice);
    at.refusal = (at.refusal ?? "") + text;
  }

  call(choice: number, call: number, id: string, name: string): void {
    const { callId, toolName } = this.#options;
    this.#at(choice).calls.set(call, { id: callId(id), name: toolName(name), input: "" });
  }

  input(choice: number, call: number, json: string): void {
    const found = this.#at(choice).calls.get(call);
    if (found !== undefined) found.input += json;
  }

  stop(choice: number, reason: StopReason, sequence: string | undefined): void {
    nameStop(this.#losses, reason, sequence);
    this.#at(choice).finish = finishReasons[reason];
  }

  called(): void {}
  idle(): void {}
  fail(): void {}

  end(usage: Usage): void {
    this.#usage = usage;
  }

  body(): unknown {
    const usage = this.#usage;
    const tier = usage && tierOf(usage);
    return {
      id: this.#id,
      object: "chat.completion",
      created: this.#options.created,
      model: this.#model,
      choices: Array.from(this.#choices, ([index, choice]) => this.#choice(index, choice)),
      ...(usage !== undefined && { usage: usageOf(usage) }),
      ...(tier !== undefined && { service_tier: tier }),
    };
  }

  #at(index: number): Choice {
    const known = this.#choices.get(index);
    if (known !== undefined) return known;
    const made: Choice = { content: null, refusal: null, calls: new Map(), finish: "stop" };
    this.#choices.set(index, made);
    return made;
  }

  #choice(index: number, { content, refusal, calls, finish }: Choice): unknown {
    const tool_calls = Array.from(calls.values(), ({ id, name, input }) => ({
      id,
      type: "function",
      function: { name, arguments: input },
    }));
    const message = { role: "assistant", content, refusal, ...(calls.size > 0 && { tool_calls }) };
    return { index, message, logprobs: null, finish_reason: finish };
  }
}

export const whole = (options: WriterOptions, losses: Losses): WholeWriter => new Completion(options, losses);
