import type { Usage } from "../dialect.ts";
import { fieldsOf, type Fields as Values } from "../fields.ts";
import { failure } from "./anthropic-messages-failure.ts";
import type { Json } from "./json.ts";
import { below, Fields, type Losses } from "./losses.ts";
import type { AnswerReader, AnswerWriter, StopReason } from "./model.ts";
import { objectOf, textOf } from "./wire.ts";

const reasons: ReadonlyMap<string, StopReason> = new Map([
  ["end_turn", "end"],
  ["stop_sequence", "sequence"],
  ["max_tokens", "length"],
  ["model_context_window_exceeded", "context"],
  ["tool_use", "calls"],
  ["refusal", "refusal"],
  ["pause_turn", "pause"],
]);

/** A block that has begun: the number of its call, or -1 for text; other blocks are left out. */
interface Open {
  readonly call: number;
  said: boolean;
}

/** What an answer says about itself beside its content; the rest of `holder` is named. */
function stopOf(holder: Fields, to: AnswerWriter): void {
  const reason = holder.string("stop_reason");
  const sequence = holder.string("stop_sequence");
  const details = holder.fields("stop_details");
  const why = details?.string("explanation");
  details?.take("type");
  details?.rest();
  holder.rest();
  if (why) to.refusal(0, why);
  if (reason !== undefined && !reasons.has(reason)) holder.losses.name(holder.place("stop_reason"), "changed");
  if (reason !== undefined) to.stop(0, reasons.get(reason) ?? "end", sequence);
}

class Reader implements AnswerReader {
  readonly #losses: Losses;
  readonly #json: Json;
  readonly #open = new Map<unknown, Open>();
  #calls = 0;

  constructor(losses: Losses, json: Json) {
    this.#losses = losses;
    this.#json = json;
  }

  event({ name, data }: { name: string | undefined; data: Uint8Array }, to: AnswerWriter, usage: Usage): void {
    const event = objectOf(data);
    if (event === undefined) return;
    switch (event.type ?? name) {
      case "content_block_delta":
        this.#delta(event, to);
        break;
      case "content_block_start":
        this.#begin(event, to);
        break;
      case "content_block_stop":
        this.#stop(event, to);
        break;
      case "message_start":
        this.#start(new Fields(event.message, "message", this.#losses), to, usage);
        break;
      case "message_delta":
        stopOf(new Fields(event.delta, "delta", this.#losses), to);
        break;
      case "message_stop":
        to.end(usage);
        break;
      case "ping":
        to.idle();
        break;
      case "error":
        to.fail(failure(event, undefined));
        break;
    }
  }

  whole(body: Fields, to: AnswerWriter, usage: Usage): void {
    const blocks = body.required("content", body.list("content"));
    this.#start(body, to, usage, false);
    blocks.forEach((block, index) => {
      const started = { index, content_block: block };
      this.#begin(started, to);
      this.#stop(started, to);
    });
    stopOf(body, to);
    to.end(usage);
  }

  #start(message: Fields, to: AnswerWriter, usage: Usage, all = true): void {
    for (const known of ["type", "role", "content", "usage", "diagnostics"]) message.take(known);
    to.start(message.string("id") ?? "", message.string("model") ?? "", usage);
    if (all) message.rest();
  }

  #begin({ index, content_block }: Values, to: AnswerWriter): void {
    const block = fieldsOf(content_block) ?? {};
    const at = below("content", Number(index));
    if (block.type === "text") {
      if (Array.isArray(block.citations) && block.citations.length > 0) this.#losses.name(`${at}.citations`);
      this.#open.set(index, { call: -1, said: true });
      const text = textOf(block.text);
      if (text) to.text(0, text);
    } else if (block.type === "tool_use") {
      const call = this.#calls++;
      to.call(0, call, textOf(block.id) ?? "", textOf(block.name) ?? "");
      const input = fieldsOf(block.input);
      const told = input !== undefined && Object.keys(input).length > 0;
      this.#open.set(index, { call, said: told });
      if (told) to.input(0, call, this.#json.stringify(input));
    } else this.#losses.name(at);
  }

  #delta({ index, delta }: Values, to: AnswerWriter): void {
    const open = this.#open.get(index);
    const said = fieldsOf(delta);
    if (open === undefined || said === undefined) return;
    if (open.call < 0) {
      if (typeof said.text === "string") to.text(0, said.text);
      else this.#losses.name(`${below("content", Number(index))}.citations`);
    } else if (typeof said.partial_json === "string" && said.partial_json !== "") {
      open.said = true;
      to.input(0, open.call, said.partial_json);
    }
  }

  /** A call without any input is one with an empty object. */
  #stop({ index }: Values, to: AnswerWriter): void {
    const open = this.#open.get(index);
    if (open === undefined || open.call < 0) return;
    if (!open.said) to.input(0, open.call, "{}");
    to.called(0, open.call);
  }
}

export const reader = (losses: Losses, json: Json): AnswerReader => new Reader(losses, json);
