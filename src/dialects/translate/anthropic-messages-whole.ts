import { Refusal } from "../../errors.ts";
import type { Usage } from "../dialect.ts";
import { stopOf, usageOf } from "./anthropic-messages-write.ts";
import type { Json } from "./json.ts";
import type { Losses } from "./losses.ts";
import type { StopReason, WholeWriter, WriterOptions } from "./model.ts";
import { objectIn } from "./parts.ts";

interface Said {
  readonly call: { readonly id: string; readonly name: string } | undefined;
  text: string;
}

class Message implements WholeWriter {
  readonly #options: WriterOptions;
  readonly #losses: Losses;
  readonly #json: Json;
  readonly #said: Said[] = [];
  readonly #calls = new Map<number, Said>();
  #head = {};
  #stop: Readonly<Record<string, unknown>> = { stop_reason: null, stop_sequence: null, stop_details: null };
  #cutOff = false;
  #usage: unknown;

  constructor(options: WriterOptions, losses: Losses, json: Json) {
    this.#options = options;
    this.#losses = losses;
    this.#json = json;
  }

  start(id: string, model: string): void {
    this.#head = { id, type: "message", role: "assistant", model };
  }

  text(choice: number, text: string): void {
    if (!this.#has(choice) || text === "") return;
    const last = this.#said.at(-1);
    if (last !== undefined && last.call === undefined) last.text += text;
    else this.#said.push({ call: undefined, text });
  }

  refusal(choice: number, text: string): void {
    this.text(choice, text);
  }

  call(choice: number, call: number, id: string, name: string): void {
    if (!this.#has(choice)) return;
    const { callId, toolName } = this.#options;
    const said = { call: { id: callId(id), name: toolName(name) }, text: "" };
    this.#said.push(said);
    this.#calls.set(call, said);
  }

  input(choice: number, call: number, json: string): void {
    const said = this.#has(choice) ? this.#calls.get(call) : undefined;
    if (said !== undefined) said.text += json;
  }

  stop(choice: number, reason: StopReason, sequence: string | undefined): void {
    if (!this.#has(choice)) return;
    this.#stop = stopOf(reason, sequence);
    this.#cutOff = reason === "length" || reason === "context";
  }

  called(): void {}
  idle(): void {}
  fail(): void {}

  end(usage: Usage): void {
    this.#usage = usageOf(usage, this.#losses);
  }

  body(): unknown {
    const content = this.#said.flatMap((said) => this.#block(said) ?? []);
    return { ...this.#head, content, container: null, diagnostics: null, ...this.#stop, usage: this.#usage };
  }

  /** A call whose input is no object must not run with an empty one; where the limit cut it off it is left out. */
  #block({ call, text }: Said): unknown {
    if (call === undefined) return { type: "text", text };
    const input = text.trim() === "" ? {} : objectIn(text, this.#json);
    if (input !== undefined) return { type: "tool_use", ...call, input, caller: { type: "direct" } };
    if (!this.#cutOff) throw new Refusal("upstream_invalid");
    this.#losses.name("choices[0].message.tool_calls");
    return undefined;
  }

  #has(choice: number): boolean {
    if (choice !== 0) this.#losses.name(`choices[${choice}]`);
    return choice === 0;
  }
}

export const whole = (options: WriterOptions, losses: Losses, json: Json): WholeWriter =>
  new Message(options, losses, json);
