export { createKey, hashKey } from "./access/keys.ts";
export { loadConfig, parseConfig } from "./config/load.ts";
export { ConfigError } from "./config/problems.ts";
export type { Config, ConfigInput } from "./config/schema.ts";
export { defaultTimeouts, providerUrls } from "./config/targets.ts";
export type { Ask, Dialect, Usage, WireEvent } from "./dialects/dialect.ts";
export { toDollars } from "./dollars.ts";
export { systemClock } from "./engine/clock.ts";
export { respond, toRequest } from "./engine/fetch.ts";
export { createLogger, silent } from "./engine/log.ts";
export { type ErrorCode, errorTable, Refusal } from "./errors.ts";
export { type Explanation, explain, type Question } from "./explain.ts";
export { type Attributes, type Caller, type FactKey, type Facts, facts, type Redacted } from "./facts.ts";
export { createGateway, type GatewayOptions, type OwnStep, type StepName } from "./gateway.ts";
export type { Attempt, AttemptRequest, Call, CallFlow, Gateway, PassThrough, Send } from "./host.ts";
export {
  ableHost,
  type Exchange,
  type Flow,
  type HeaderMap,
  type Host,
  type HttpHead,
  type HttpRequest,
  type Reply,
  type RequestHead,
  type Sink,
} from "./http.ts";
export { findPrompt, preview, readPrompts } from "./prompts/preview.ts";
export type { Shelf as PromptShelf, Version as PromptVersion } from "./prompts/shelf.ts";
export { createTextScanner } from "./redaction/text-scanner.ts";
export type { Document, Path, Slot } from "./slot.ts";
export type {
  AttemptContext,
  AttemptHooks,
  AttemptOutcome,
  CallContext,
  CallHooks,
  Clock,
  Emit,
  Logger,
  Parts,
  Receipt,
  Step,
  Summary,
  Target,
} from "./step.ts";
export type { Counters } from "./stores/counters.ts";
export type { Ledger } from "./stores/ledger.ts";
export { createMemoryStores } from "./stores/memory.ts";
export type { CallRecord, Records } from "./stores/records.ts";
export { type Dimension, openReader, spendDimensions } from "./stores/sqlite-reader.ts";
export type { Stores } from "./stores/stores.ts";
export { createDecoder, type Decoder, type DecoderSink } from "./upstream/decoding.ts";
