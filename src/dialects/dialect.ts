// Longer than most files: all that a wire format has to say of itself, and no code.
import type { Refusal } from "../errors.ts";
import type { HeaderMap, Reply, RequestHead } from "../http.ts";
import type { Document, Path, RuleNode, Scalar, Slot } from "../slot.ts";

export type DialectName = "openai-chat" | "anthropic-messages";
/** Which vendor's wire a target speaks; `openai` stands for everything compatible with it. */
export type Provider = "openai" | "anthropic";
/** `models` lists them (`GET /v1/models`), `model` names one of them. */
export type Operation = "chat" | "count_tokens" | "models" | "model";

/** What a caller asked for, wherever its wire keeps it. */
export interface Ask {
  readonly operation: Operation;
  /** Empty for `models`. */
  readonly model: string;
  readonly stream: boolean;
  /** Output tokens at most for one choice; `undefined` where the caller set none. */
  readonly maxOutput: number | undefined;
  readonly choices: number;
  /** The caller sees usage: always for whole answers, for a stream where it asked or the wire always tells. */
  readonly usage: boolean;
  /** Tokens that the caller reserves for thinking; `maxOutput` has to exceed it. */
  readonly thinkingBudget: number | undefined;
  /** The model may bill output tokens that do not flow (hidden reasoning), so text that flowed bounds nothing. */
  readonly reasons: boolean;
  /** Inline images, each of which costs at most `imageTokens`. */
  readonly images: number;
  /** Why the cost of the input has no bound that can be read off the body: `remote_image`, `file`, `server_history`, `server_tool`. */
  readonly unbounded: readonly string[];
  /**
   * Further models that the request names, as the provider calls them: fallbacks, advisors, moderators. `*`: the provider picks them. Whoever
   * may not ask for one of them may not send the call, and its cost is not that of `model`.
   */
  readonly furtherModels: readonly string[];
  /** What the model says has to be one JSON text, so that what is put into it is escaped. */
  readonly jsonOutput: boolean;
  /** How the call is to be processed, which has prices of its own: OpenAI's `service_tier`; Anthropic's too, or `fast`, its `speed`. */
  readonly serviceTier: string | undefined;
  /** Where the call is to be processed, which has prices of its own: Anthropic's `inference_geo`. */
  readonly inferenceGeo: string | undefined;
}

/** An ask without a word beyond operation and model. Not to be spread for each call: that takes 7 µs. */
export const bareAsk = {
  stream: false,
  maxOutput: undefined,
  choices: 1,
  usage: true,
  thinkingBudget: undefined,
  reasons: false,
  images: 0,
  unbounded: [],
  furtherModels: [],
  jsonOutput: false,
  serviceTier: undefined,
  inferenceGeo: undefined,
} as const satisfies Required<Omit<Ask, "operation" | "model">>;

/** Upper bound of input tokens for one inline image, for either provider. */
export const imageTokens = 65_536;

/** What steps may change for one attempt. `usage: true` makes a stream tell its usage. */
export type AskChange = Partial<Pick<Ask, "model" | "maxOutput" | "usage">>;

/** `input` is inclusive: cached and cache-write tokens are part of it. */
export interface TokenCounts {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  /** Cache writes in all, of which `cacheWriteLong` are for one hour. */
  readonly cacheWrite: number;
  readonly cacheWriteLong: number;
}

/** What the provider charges by the piece. */
export type ServerTool = "web_search" | "web_fetch" | "code_execution" | "search_source";

/** Token counts of one attempt, as reported so far. */
export interface Usage extends TokenCounts {
  /** Part of `output`. */
  readonly reasoning: number;
  readonly serviceTier: string | undefined;
  /** The model that the answer names. */
  readonly model: string | undefined;
  /** What other models used for this answer (an advisor, a fallback that gave up), at their own prices; no part of the counts above. */
  readonly others: readonly (TokenCounts & { readonly model: string })[];
  /** How often the provider used its own tools. */
  readonly serverTools: Readonly<Partial<Record<ServerTool, number>>>;
  /** The provider has reported this attempt's final counts. */
  readonly final: boolean;
}

export const noUsage: Usage = {
  input: 0,
  output: 0,
  cacheRead: 0,
  cacheWrite: 0,
  cacheWriteLong: 0,
  reasoning: 0,
  serviceTier: undefined,
  model: undefined,
  others: [],
  serverTools: {},
  final: false,
};

/** One SSE event, or a whole body (`name` is undefined and `original` equals `data`). */
export interface WireEvent {
  /** The bytes as they came, terminator included. */
  readonly original: Uint8Array;
  readonly name: string | undefined;
  /** The payload: the `data` lines joined, or the body. */
  readonly data: Uint8Array;
  /** Walked on first use with the dialect's answer rules; `undefined` where `data` is not JSON (`[DONE]`, a comment, an empty event). */
  document(): Document | undefined;
}

/** `prelude`: nothing of the answer yet (role, ping, comment). `error`: in-band. `end`: the protocol's own last event. */
export type Stage = "prelude" | "content" | "error" | "end";

/** What of a stream has reached the caller, for the terminal error that has to fit behind it. */
export interface StreamState {
  /** Names of events emitted so far are not kept; only whether any was. */
  readonly started: boolean;
  readonly open: readonly string[];
}

/** A provider's own error, read from an error body or an in-band event; nothing of it is echoed but through `reply`. */
export interface WireError {
  readonly type: string | undefined;
  readonly code: string | undefined;
  /** HTTP status that the type stands for: `overloaded_error` 529, `rate_limit_error` 429; 500 where unknown. */
  readonly status: number;
}

/** What a server does not take as its wire has it; see `Target`. */
export interface ServerOptions {
  readonly streamUsage?: boolean | undefined;
  readonly maxTokensField?: "max_tokens" | "max_completion_tokens" | undefined;
}

export interface Dialect {
  readonly name: DialectName;
  readonly provider: Provider;
  /** Is this call spoken in this dialect: path, and headers where two dialects share a path (`/v1/models`). */
  matches(head: RequestHead): boolean;
  /** `undefined` where path and method do not fit together (then 405 or 404). */
  operation(head: RequestHead): Operation | undefined;
  readonly requestRules: RuleNode;
  readonly answerRules: RuleNode;
  /** The same for an answer that `Ask.jsonOutput` asked for: the model's text has the encoding `json`. */
  readonly jsonAnswerRules: RuleNode;
  /** Throws `Refusal("invalid_request", { param })` where a field that the gateway must understand has a wrong type. */
  ask(head: RequestHead, document: Document | undefined): Ask;
  /** `Ask.reasons` as it is for another model, since an alias tells nothing of what stands behind it. @param body in this wire */
  reasons(model: string, body: Pick<Document, "get">): boolean;
  /** Where this wire keeps what is asked: `maxOutput` is `max_completion_tokens` here and `max_tokens` there. */
  edits(
    change: AskChange,
    asked: Ask,
    document: Document | undefined,
    server?: ServerOptions,
  ): readonly { readonly path: Path; readonly value: Scalar | undefined }[];
  /** Request target below a target's `baseUrl`, which ends in the version segment: `/chat/completions`. Query keys that may pass included. */
  path(head: RequestHead, asked: Ask): string;
  /** Request headers that may reach the provider, lower-case; `content-type` and `accept` are set by `headers`. */
  readonly requestHeaders: ReadonlySet<string>;
  /** Answer headers that may reach the caller (rate limits, request id, retry hints); `content-type` always may. */
  readonly answerHeaders: ReadonlySet<string>;
  /** Headers that authenticate with an operator's key, for the wire version in `head`. */
  sign(key: string, head: RequestHead): HeaderMap;
  stage(event: WireEvent): Stage;
  /** Which of the `open` channels (those that a step holds text back for) end with this event: block stop, finish reason, `[DONE]` (all). */
  closes(event: WireEvent, open: readonly string[]): readonly string[];
  /**
   * The choices for which this event tells why the model stopped (`finish_reason`, `stop_reason`), by index. A stream that ends without an
   * `end` event is whole once as many different ones have finished as were asked for.
   */
  finished(event: WireEvent): readonly number[];
  /** The channel of a text slot in a streamed event: `0.content`, `0.tool.1`. `undefined`: not a running text (a whole string each time). */
  channel(document: Document, slot: Slot): string | undefined;
  /** Upper bound, in tokens, of the output that this event carries: the bytes of its text. */
  flowed(event: WireEvent): number;
  /** `before` merged with what this event reports; the same object where it reports nothing. */
  usage(event: WireEvent, before: Usage): Usage;
  /** Carries nothing but usage that the caller did not ask for. */
  usageOnly(event: WireEvent): boolean;
  /** An event like `like` that carries `text` alone on `channel`; JSON channels get `text` as it is (escaped already for its document). */
  delta(like: WireEvent, channel: string, text: string): Uint8Array;
  /** An error body of a provider, for routing and records. */
  error(body: Uint8Array): WireError;
  /** An in-band error event. */
  errorOf(event: WireEvent): WireError;
  /** Postern's own error in this dialect, as this wire's SDK expects it. `x-should-retry: false` where it must not be retried. */
  refusal(refusal: Refusal, head: RequestHead): Reply;
  /** The bytes that end a broken or cut stream: an error event with a code; never a false `length` or `end_turn`. */
  terminal(refusal: Refusal, state: StreamState): Uint8Array;
  /** A keep-alive that every SDK ignores. */
  readonly keepAlive: Uint8Array;
  /** `GET /v1/models` or `/v1/models/{id}` answered from the gateway's own config. */
  models(ids: readonly string[], head: RequestHead): Reply;
}
