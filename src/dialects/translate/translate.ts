import { Refusal } from "../../errors.ts";
import { type HttpHead, noBytes, type RequestHead } from "../../http.ts";
import type { Document } from "../../slot.ts";
import type { Dialect, DialectName, ServerOptions, Usage, WireEvent } from "../dialect.ts";
import type { SseEvent } from "../sse.ts";
import { anthropicMessagesTranslator } from "./anthropic-messages.ts";
import { translateHead } from "./head.ts";
import { createNames, fitId } from "./ids.ts";
import { createJson, type Json } from "./json.ts";
import { Fields, Losses } from "./losses.ts";
import type { AnswerReader, Rendered, StreamWriter, Translator, WriterOptions } from "./model.ts";
import { openaiChatTranslator } from "./openai-chat.ts";

const translators: Readonly<Record<DialectName, Translator>> = {
  "openai-chat": openaiChatTranslator,
  "anthropic-messages": anthropicMessagesTranslator,
};

/** One attempt whose target speaks another wire than the caller. */
export interface Translation {
  /** What a native caller of the target's wire would have sent; it stands for the caller's head where the request is signed. */
  readonly head: RequestHead;
  readonly body: Uint8Array;
  /** The model thinks, or may, by what is asked of it in the target's wire. */
  readonly reasons: boolean;
  /** What could not be carried, of the request at first and of the answer as it comes; see `Losses`. */
  readonly losses: readonly string[];
  /** The provider's head, with limits and request id by the caller's names. */
  answerHead(head: HttpHead): HttpHead;
  /** The caller's events for one of the provider's. Never throws. @param usage as reported so far, this event included */
  event(event: Pick<WireEvent, "name" | "data">, usage: Usage): readonly SseEvent[];
  /** The provider's stream is over: what its own last event should have brought, if the model had finished. */
  end(usage: Usage): readonly SseEvent[];
  /** A whole answer. Throws `Refusal("upstream_invalid")`. */
  whole(body: Uint8Array, usage: Usage): Uint8Array;
  /** The body of an error, as the caller's wire has it. */
  error(body: Uint8Array, status: number): Uint8Array;
}

export interface TranslationOptions {
  /** The caller's own stream would tell its usage: `Ask.usage` as the caller asked. */
  readonly usage: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The target's own. */
  readonly server?: ServerOptions;
  /** Of the target's wire; without it nothing thinks. */
  readonly reasons?: Dialect["reasons"];
}

const textIn = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();

const jsonIn = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(textIn(bytes));
  } catch {
    return undefined;
  }
};

interface Sides {
  readonly own: Translator;
  readonly other: Translator;
  readonly losses: Losses;
  readonly options: WriterOptions;
  readonly now: number;
  readonly reasons: boolean;
}

/** A body that was just written, read as one that came. */
const reading = (body: unknown): Pick<Document, "get"> => ({
  get: (path) => path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], body),
});

class CallTranslation implements Translation {
  readonly head: RequestHead;
  readonly body: Uint8Array;
  readonly reasons: boolean;
  readonly #sides: Sides;
  readonly #reader: AnswerReader;
  readonly #stream: StreamWriter;

  constructor(sides: Sides, json: Json, rendered: Rendered) {
    const { own, other, losses, options } = sides;
    this.head = rendered.head;
    this.body = Buffer.from(json.stringify(rendered.body));
    this.reasons = sides.reasons;
    this.#sides = sides;
    // Not the request's own, which would keep its body alive while the answer flows.
    this.#reader = other.reader(losses, createJson(noBytes));
    this.#stream = own.stream(options, losses);
  }

  get losses(): readonly string[] {
    return this.#sides.losses.all;
  }

  answerHead(head: HttpHead): HttpHead {
    const { own, other, now } = this.#sides;
    const told = translateHead(head, other.headNames, own.headNames, now);
    // A proxy's error page is told in the caller's wire too.
    return head.status < 400 ? told : { ...told, headers: { ...told.headers, "content-type": "application/json" } };
  }

  event(event: Pick<WireEvent, "name" | "data">, usage: Usage): readonly SseEvent[] {
    try {
      this.#reader.event(event, this.#stream, usage);
    } catch {
      // A provider's event with fields of wrong types tells nothing.
    }
    return this.#stream.take();
  }

  end(usage: Usage): readonly SseEvent[] {
    this.#stream.end(usage);
    return this.#stream.take();
  }

  whole(body: Uint8Array, usage: Usage): Uint8Array {
    const { own, other, losses, options } = this.#sides;
    const json = createJson(body);
    const writer = own.whole(options, losses, json);
    try {
      other.reader(losses, json).whole(new Fields(json.parse(textIn(body)), "", losses), writer, usage);
      return Buffer.from(json.stringify(writer.body()));
    } catch {
      throw new Refusal("upstream_invalid");
    }
  }

  /** An error page of a proxy is no JSON, and an error all the same. */
  error(body: Uint8Array, status: number): Uint8Array {
    const { own, other } = this.#sides;
    return Buffer.from(JSON.stringify(own.failureBody(other.failure(jsonIn(body), status))));
  }
}

/**
 * Translates one call: the request at once, its answer as it comes. The wires meet in the neutral model alone, so that each needs one
 * `Translator` and none for a pair.
 * @param body the caller's body with every edit made and the target's own name of the model in it
 * Throws `Unfit` where the target's wire has no form for the call, and `Refusal("invalid_request")` where the caller's own wire has none.
 */
export function createTranslation(
  caller: DialectName,
  target: DialectName,
  body: Uint8Array,
  { usage, now, server = {}, reasons }: TranslationOptions,
): Translation {
  const [own, other] = [translators[caller], translators[target]];
  const losses = new Losses();
  const names = createNames(other.nameRule);
  const json = createJson(body);
  const conversation = own.from(new Fields(json.parse(textIn(body)), "", losses), json);
  const rendered = other.to(conversation, { names, losses, json, server });
  const created = Math.floor(now / 1_000);
  const options = { created, usage, callId: (id: string) => fitId(id, own.idRule), toolName: names.back };
  const thinks = reasons?.(conversation.model, reading(rendered.body)) === true;
  return new CallTranslation({ own, other, losses, options, now, reasons: thinks }, json, rendered);
}
