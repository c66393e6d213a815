import type { Usage } from "../dialect.ts";
import { fieldsOf, type Fields as Values } from "../fields.ts";
import { below, type Fields, type Losses } from "./losses.ts";
import type { AnswerReader, AnswerWriter, Place, StopReason } from "./model.ts";
import { failure } from "./openai-chat-failure.ts";
import { objectOf, textOf } from "./wire.ts";

/** Mistral and Together have words of their own. */
const reasons: ReadonlyMap<string, StopReason> = new Map([
  ["stop", "end"],
  ["eos", "end"],
  ["length", "length"],
  ["model_length", "context"],
  ["tool_calls", "calls"],
  ["function_call", "calls"],
  ["content_filter", "refusal"],
]);

interface Call {
  readonly number: number;
  readonly id: string | undefined;
  /** What came before its name. */
  held: string;
  begun: boolean;
  /** Some of its input has come. */
  said: boolean;
}

interface Choice {
  readonly calls: Map<unknown, Call>;
  count: number;
  refused: boolean;
}

const done = Buffer.from("[DONE]");
/** Of a choice: everything else that it says is named. */
const known = new Set(["index", "delta", "message", "finish_reason", "stop_reason"]);

const isSaid = (value: unknown): boolean =>
  typeof value === "object" && value !== null
    ? Object.keys(value).length > 0
    : value !== undefined && value !== null && value !== "";

class Reader implements AnswerReader {
  readonly #losses: Losses;
  readonly #choices = new Map<number, Choice>();
  #started = false;
  #id = "";

  constructor(losses: Losses) {
    this.#losses = losses;
  }

  event({ data }: { data: Uint8Array }, to: AnswerWriter, usage: Usage): void {
    const chunk = objectOf(data);
    if (chunk === undefined) {
      if (done.compare(data) === 0) to.end(usage);
      else if (data.length === 0) to.idle();
      return;
    }
    if (isSaid(chunk.error) || chunk.object === "error") {
      to.fail(failure(chunk, undefined));
      return;
    }
    // Azure's first chunk has neither a choice nor a name.
    if (!Array.isArray(chunk.choices) || chunk.choices.length === 0) return;
    this.#begin(chunk, to, usage);
    for (const choice of chunk.choices) this.#choice(choice, "delta", to);
  }

  whole(body: Fields, to: AnswerWriter, usage: Usage): void {
    const choices = body.required("choices", body.list("choices"));
    const value: Values = { id: body.take("id"), model: body.take("model") };
    this.#begin(value, to, usage);
    for (const [index, choice] of choices.entries()) this.#choice({ index, ...fieldsOf(choice) }, "message", to);
    for (const key of ["object", "created", "usage", "system_fingerprint", "service_tier"]) body.take(key);
    body.rest();
    to.end(usage);
  }

  #begin(chunk: Values, to: AnswerWriter, usage: Usage): void {
    if (this.#started) return;
    this.#started = true;
    this.#id = textOf(chunk.id) ?? "";
    to.start(this.#id, textOf(chunk.model) ?? "", usage);
  }

  #choice(value: unknown, key: "delta" | "message", to: AnswerWriter): void {
    const choice = fieldsOf(value);
    if (choice === undefined) return;
    const index = typeof choice.index === "number" ? choice.index : 0;
    const said = fieldsOf(choice[key]);
    if (said !== undefined) this.#said(said, index, key, to);
    for (const name in choice) {
      if (!known.has(name) && isSaid(choice[name])) this.#losses.name(below(`choices[${index}]`, name));
    }
    const reason = textOf(choice.finish_reason);
    if (reason) this.#stop(index, reason, textOf(choice.stop_reason), to);
  }

  #stop(index: number, finish: string, sequence: string | undefined, to: AnswerWriter): void {
    const { count, refused, calls } = this.#at(index);
    for (const call of calls.values()) if (!call.begun) this.#losses.name(`choices[${index}].tool_calls`);
    if (!reasons.has(finish)) this.#losses.name(`choices[${index}].finish_reason`, "changed");
    const reason = reasons.get(finish) ?? "end";
    if (reason !== "end") to.stop(index, reason, undefined);
    else if (refused) to.stop(index, "refusal", undefined);
    else if (count > 0) to.stop(index, "calls", undefined);
    else to.stop(index, sequence === undefined ? "end" : "sequence", sequence);
  }

  #said(said: Values, index: number, key: string, to: AnswerWriter): void {
    for (const name in said) {
      const value = said[name];
      if (!isSaid(value)) continue;
      if (name === "content") this.#content(value, index, key, to);
      else if (name === "refusal" && typeof value === "string") {
        this.#at(index).refused = true;
        to.refusal(index, value);
      } else if (name === "tool_calls" && Array.isArray(value)) {
        for (const [position, call] of value.entries()) this.#call(call, position, index, to);
      } else if (name === "function_call") this.#legacyCall(value, index, to);
      else if (name !== "role") this.#losses.name(below(this.#place(index, key), name));
    }
  }

  #place(index: number, key: string): Place {
    return `choices[${index}].${key}`;
  }

  /** Mistral's content may be a list, with thinking in it. */
  #content(value: unknown, index: number, key: string, to: AnswerWriter): void {
    for (const part of Array.isArray(value) ? value : [{ type: "text", text: value }]) {
      const text = fieldsOf(part)?.type === "text" ? textOf(fieldsOf(part)?.text) : undefined;
      if (text !== undefined) to.text(index, text);
      else this.#losses.name(`${this.#place(index, key)}.content`);
    }
  }

  #call(value: unknown, position: number, index: number, to: AnswerWriter): void {
    const call = fieldsOf(value);
    const inner = fieldsOf(call?.function);
    if (call === undefined || inner === undefined) {
      this.#losses.name(`choices[${index}].tool_calls`);
      return;
    }
    this.#input(call.index ?? position, textOf(call.id), inner, index, to);
  }

  #legacyCall(value: unknown, index: number, to: AnswerWriter): void {
    const inner = fieldsOf(value);
    if (inner !== undefined) this.#input("function_call", undefined, inner, index, to);
  }

  /** Servers exist that give every call the same number: there another id is another call. */
  #input(key: unknown, id: string | undefined, inner: Values, index: number, to: AnswerWriter): void {
    const choice = this.#at(index);
    let call = choice.calls.get(key);
    if (call === undefined || (id && call.id && id !== call.id)) {
      call = { number: choice.count++, id: id || undefined, held: "", begun: false, said: false };
      choice.calls.set(key, call);
    }
    const name = textOf(inner.name);
    const told = textOf(inner.arguments) ?? "";
    // Servers exist that have a call without input say `null`.
    const json = !call.said && told === "null" ? "" : told;
    call.said ||= json !== "";
    if (!call.begun && name) {
      call.begun = true;
      to.call(index, call.number, call.id ?? `${this.#id}#${index}.${call.number}`, name);
      if (call.held !== "") to.input(index, call.number, call.held);
    }
    if (!call.begun) call.held += json;
    else if (json !== "") to.input(index, call.number, json);
  }

  #at(index: number): Choice {
    const known = this.#choices.get(index);
    if (known !== undefined) return known;
    const made: Choice = { calls: new Map(), count: 0, refused: false };
    this.#choices.set(index, made);
    return made;
  }
}

export const reader = (losses: Losses): AnswerReader => new Reader(losses);
