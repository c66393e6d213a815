import { Refusal } from "../../errors.ts";
import type { HttpHead, RequestHead } from "../../http.ts";
import type { DialectName, Usage, WireEvent } from "../dialect.ts";
import type { SseEvent } from "../sse.ts";
import { anthropicMessagesTranslator } from "./anthropic-messages.ts";
import { translateHead } from "./head.ts";
import { createNames, fitId } from "./ids.ts";
import { createJson } from "./json.ts";
import { Fields, Losses } from "./losses.ts";
import type { ServerOptions, StreamWriter, Translator, WriterOptions } from "./model.ts";
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
}

const textIn = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();

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
  { usage: tellUsage, now, server = {} }: TranslationOptions,
): Translation {
  const [own, other] = [translators[caller], translators[target]];
  const losses = new Losses();
  const names = createNames(other.nameRule);
  const json = createJson(body);
  const conversation = own.from(new Fields(json.parse(textIn(body)), "", losses), json);
  const rendered = other.to(conversation, { names, losses, json, server });
  const options: WriterOptions = {
    created: Math.floor(now / 1_000),
    usage: tellUsage,
    callId: (id) => fitId(id, own.idRule),
    toolName: names.back,
  };
  let stream: StreamWriter | undefined;
  const reader = other.reader(losses, json);
  const opened = (): StreamWriter => {
    stream ??= own.stream(options, losses);
    return stream;
  };
  return {
    head: rendered.head,
    body: Buffer.from(json.stringify(rendered.body)),
    get losses() {
      return losses.all;
    },
    answerHead: (head) => translateHead(head, other.headNames, own.headNames, now),
    event(event, usage) {
      const writer = opened();
      try {
        reader.event(event, writer, usage);
      } catch {
        // A provider's event with fields of wrong types tells nothing.
      }
      return writer.take();
    },
    end(usage) {
      const writer = opened();
      writer.end(usage);
      return writer.take();
    },
    whole(bytes, usage) {
      const answer = createJson(bytes);
      const writer = own.whole(options, losses, answer);
      try {
        other.reader(losses, answer).whole(new Fields(answer.parse(textIn(bytes)), "", losses), writer, usage);
        return Buffer.from(answer.stringify(writer.body()));
      } catch {
        throw new Refusal("upstream_invalid");
      }
    },
    error(bytes, status) {
      let told: unknown;
      try {
        told = JSON.parse(textIn(bytes));
      } catch {
        // An error page of a proxy is no JSON.
      }
      return Buffer.from(JSON.stringify(own.failureBody(other.failure(told, status))));
    },
  };
}
