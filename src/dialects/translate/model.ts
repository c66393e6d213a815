import type { RequestHead } from "../../http.ts";
import type { ServerOptions, Usage, WireEvent } from "../dialect.ts";
import type { SseEvent } from "../sse.ts";
import type { Names, WordRule } from "./ids.ts";
import type { Json } from "./json.ts";
import type { Fields, Losses } from "./losses.ts";
import type { Settings } from "./settings.ts";

/** Where something stands in the caller's body, `messages[2].content[0]`: what is lost is named by it. */
export type Place = string;

export interface Setting<T> {
  readonly at: Place;
  readonly value: T;
}

/** What a wire may say about a part beside its content; each dialect carries those that it knows, and the rest is named. */
export interface Marks {
  /** End of a prefix to be cached. */
  readonly cache?: Setting<true>;
  readonly cacheLife?: Setting<"5m" | "1h">;
  /** Resolution of an image. */
  readonly detail?: Setting<string>;
  /** A document's file name or title. */
  readonly title?: Setting<string>;
  readonly context?: Setting<string>;
  /** The answer shall cite this document. */
  readonly citations?: Setting<unknown>;
  /** Who of several participants speaks. */
  readonly speaker?: Setting<string>;
  /** The tool reports an error. */
  readonly failed?: Setting<true>;
}

interface Part {
  readonly at: Place;
  readonly marks: Marks;
}

export type Source =
  | { readonly kind: "base64"; readonly mediaType: string; readonly data: string }
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "text"; readonly text: string };

export interface Text extends Part {
  readonly kind: "text";
  readonly text: string;
}
export interface Media extends Part {
  readonly kind: "image" | "document";
  readonly source: Source;
}
/** A call of a tool that the caller runs. `input` is an object, with numbers as `Json` keeps them. */
export interface Call extends Part {
  readonly kind: "call";
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
}
export interface Result extends Part {
  readonly kind: "result";
  readonly id: string;
  readonly content: readonly (Text | Media)[];
}
export type Block = Text | Media | Call | Result;

/** Developers speak as the system. Results of tools belong to the user. Turns of one role may follow each other. */
export interface Turn extends Part {
  readonly role: "system" | "user" | "assistant";
  readonly blocks: readonly Block[];
}

export interface Tool extends Part {
  readonly name: string;
  readonly description: string | undefined;
  readonly schema: Readonly<Record<string, unknown>>;
  /** What is undefined is as the provider likes it. */
  readonly strict: Setting<boolean> | undefined;
}

export interface Conversation {
  readonly model: string;
  readonly stream: boolean;
  readonly turns: readonly Turn[];
  readonly tools: readonly Tool[];
  readonly settings: Settings;
}

/** A request in a target's wire: a head as a native caller of it would send, and a body for `Json.stringify`. */
export interface Rendered {
  readonly head: RequestHead;
  readonly body: unknown;
}

/** What rendering a request needs beside the conversation. */
export interface Rendering {
  readonly names: Names;
  readonly losses: Losses;
  readonly json: Json;
  readonly server: ServerOptions;
}

export type StopReason = "end" | "sequence" | "length" | "context" | "calls" | "refusal" | "pause";

/** A provider's own error. `code` is one that several providers know. */
export interface Failure {
  readonly status: number;
  readonly code: "context_length" | undefined;
  readonly message: string;
  readonly requestId: string | undefined;
}

/**
 * An answer as it is said. One dialect reads its wire into these calls, another writes its wire from them; a whole answer is the same
 * calls at once. `choice` numbers alternatives, `call` numbers the tool calls of a choice from 0.
 */
export interface AnswerWriter {
  /** @param usage what is known of it so early: the tier, and with some wires the input */
  start(id: string, model: string, usage: Usage): void;
  text(choice: number, text: string): void;
  refusal(choice: number, text: string): void;
  call(choice: number, call: number, id: string, name: string): void;
  /** A piece of the call's input, which is JSON text. */
  input(choice: number, call: number, json: string): void;
  /** No more input comes; wires that do not tell leave it out. */
  called(choice: number, call: number): void;
  stop(choice: number, reason: StopReason, sequence: string | undefined): void;
  /** A sign of life without content. */
  idle(): void;
  fail(failure: Failure): void;
  /** Nothing follows. Without a `stop` the answer broke off, and no end is written. */
  end(usage: Usage): void;
}

/** Reads a provider's answer. What it cannot read it leaves out: a stream is never thrown at. */
export interface AnswerReader {
  event(event: Pick<WireEvent, "name" | "data">, to: AnswerWriter, usage: Usage): void;
  /** Throws where the body is no answer. */
  whole(body: Fields, to: AnswerWriter, usage: Usage): void;
}

/** Writes events as they come; `take` hands them over. */
export interface StreamWriter extends AnswerWriter {
  take(): readonly SseEvent[];
}
/** Writes one body, for `Json.stringify`, when all is said. */
export interface WholeWriter extends AnswerWriter {
  body(): unknown;
}

export interface WriterOptions {
  /** Seconds since the epoch. */
  readonly created: number;
  /** A stream tells its usage. */
  readonly usage: boolean;
  /** Ids of calls and names of tools, as the caller's wire takes them and as the caller knows them. */
  callId(id: string): string;
  toolName(name: string): string;
}

/** Headers about limits, by what is limited; `reset` is told as a time or as a wait. */
export interface HeadNames {
  readonly requestId: string;
  limit(what: string, is: string): string;
  readReset(text: string, now: number): number | undefined;
  writeReset(at: number, now: number): string;
}

/** All that a dialect brings to be translated from and to every other. */
export interface Translator {
  from(body: Fields, json: Json): Conversation;
  to(conversation: Conversation, rendering: Rendering): Rendered;
  /** Ids of calls as this wire's callers may send them back, to whatever provider. */
  readonly idRule: WordRule;
  readonly nameRule: WordRule;
  reader(losses: Losses, json: Json): AnswerReader;
  stream(options: WriterOptions, losses: Losses): StreamWriter;
  whole(options: WriterOptions, losses: Losses, json: Json): WholeWriter;
  /** What an error body says, told with this status. */
  failure(body: unknown, status: number): Failure;
  failureBody(failure: Failure): unknown;
  readonly headNames: HeadNames;
}
