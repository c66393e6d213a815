import { spurious } from "./bodies.ts";
import type { Exchange } from "./exchange.ts";
import { Failure, fieldOf, fromHeaderMap, mutate } from "./fields.ts";
import {
  bodyMode,
  headerMode,
  type ImmediateResponse,
  type ProcessingMode,
  type ProcessingResponse,
  plain,
  type StreamedImmediateResponse,
  type Struct,
} from "./protocol.ts";

/** What the processor says, in the order it says it. Throws `Failure` for what a real Envoy does not take. */
export function take(exchange: Exchange, message: ProcessingResponse): void {
  const { response: kind = "nothing", override_message_timeout: timeout } = message;
  if (exchange.settings.mode === "tap") exchange.note(`${kind} in answer to a copy`);
  else if (timeout) overrideTimeout(exchange, timeout);
  else {
    if (message.dynamic_metadata) store(exchange, message.dynamic_metadata);
    if (message.mode_override) overrideModes(exchange, message.mode_override, kind);
    if (message.immediate_response) immediate(exchange, message.immediate_response);
    else if (message.streamed_immediate_response) streamed(exchange, message.streamed_immediate_response);
    else reply(exchange, message, kind);
  }
}

function reply(exchange: Exchange, message: ProcessingResponse, kind: string): void {
  if (exchange.answering || kind === "nothing") throw spurious(kind);
  const [side, part] = kind.split("_") as ["request" | "response", "headers" | "body" | "trailers"];
  const common = message.request_headers ?? message.response_headers ?? message.request_body ?? message.response_body;
  const trailers = message.request_trailers ?? message.response_trailers;
  exchange[side].reply(part, common?.response ?? {}, trailers?.header_mutation);
}

/** Once for each awaited message, within bounds, and nothing else in it counts. */
function overrideTimeout(exchange: Exchange, { seconds = 0, nanos = 0 }: { seconds?: number; nanos?: number }): void {
  const milliseconds = seconds * 1_000 + nanos / 1_000_000;
  const { request, response } = exchange.timers;
  const timer = request.running ? request : response;
  const allowed = milliseconds >= 1 && milliseconds <= exchange.settings.maxMessageTimeout;
  if (!allowed || !timer.extend(milliseconds)) exchange.note("override_message_timeout is ignored");
}

function store({ settings, entry, note }: Exchange, metadata: Struct): void {
  for (const [namespace, value] of Object.entries(plain(metadata))) {
    const kept = entry.metadata[namespace];
    if (!settings.receivingNamespaces.includes(namespace)) note(`dynamic metadata of ${namespace} is not received`);
    else entry.metadata[namespace] = { ...(kept as object | undefined), ...(value as object) };
  }
}

/** On header replies only, never into or out of FULL_DUPLEX_STREAMED; a body mode that is not named is NONE. */
function overrideModes(exchange: Exchange, mode: ProcessingMode, kind: string): void {
  const { settings, modes } = exchange;
  const allowed = settings.mode === "transform" && settings.answers === "override";
  if (!allowed || (kind !== "request_headers" && kind !== "response_headers")) {
    exchange.note("mode_override is ignored");
    return;
  }
  const { request_body_mode: requestBody = 0, response_body_mode: responseBody = 0 } = mode;
  const { response_header_mode: headers = headerMode.default } = mode;
  const responseHeaders = headers === headerMode.default ? modes.responseHeaders : headers === headerMode.send;
  exchange.modes =
    kind === "request_headers" ? { requestBody, responseHeaders, responseBody } : { ...modes, responseBody };
}

function immediate(exchange: Exchange, { status, headers, body, details = "" }: ImmediateResponse): void {
  const code = status?.code ?? 0;
  if (code < 100) throw new Failure(`immediate_response with status ${code}`);
  const fields = mutate([], headers, exchange.note, { permissive: true });
  exchange.respond(code, fields, body ?? Buffer.alloc(0), details);
}

/** Legal only as the very first answer, and only after the request's end. */
function streamed(exchange: Exchange, message: StreamedImmediateResponse): void {
  const { downstream, note, settings } = exchange;
  const { headers_response: head, body_response: piece, trailers_response: trailers } = message;
  if (head) begin(exchange, head);
  else if (!exchange.answering) throw new Failure("streamed_immediate_response: body before headers");
  if (piece?.body && piece.body.length > 0) downstream.data(piece.body);
  if (piece?.end_of_stream) downstream.end();
  if (trailers) downstream.end(settings.trailers ? fromHeaderMap(trailers, note) : undefined);
}

function begin(exchange: Exchange, head: NonNullable<StreamedImmediateResponse["headers_response"]>): void {
  const { request, downstream, note } = exchange;
  if (exchange.modes.requestBody !== bodyMode.duplex || exchange.answering || !request.untouched)
    throw spurious("streamed_immediate_response");
  const fields = fromHeaderMap(head.headers, note);
  const status = fieldOf(fields, ":status");
  if (status === undefined) throw new Failure("streamed_immediate_response: no :status", 502);
  if (!(Number(status) >= 100)) throw new Failure("streamed_immediate_response: invalid :status");
  exchange.answering = true;
  exchange.entry.details = "ext_proc_local_response";
  request.stop();
  exchange.upstream.cancel();
  downstream.headers(fields, head.end_of_stream === true);
  if (request.inputEnded) return;
  // Envoy 1.40 breaks such an answer after its status line.
  note("streamed_immediate_response before the request's end");
  downstream.abort();
}
