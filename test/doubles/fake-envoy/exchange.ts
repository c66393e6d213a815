import type { IncomingMessage, ServerResponse } from "node:http";
import type { Direction, Side } from "./direction-parts.ts";
import { createDownstream, type Downstream, type DownstreamParts } from "./downstream.ts";
import { Failure, type Fields, type Note } from "./fields.ts";
import { createGate, type Gate } from "./gate.ts";
import type { Hearing, Process } from "./process.ts";
import type { ProcessingRequest, ProcessingResponse } from "./protocol.ts";
import { take } from "./replies.ts";
import { read, requestFields } from "./request.ts";
import { createUpstream, type Upstream, type UpstreamParts } from "./router.ts";
import { type Modes, modesOf, type Settings } from "./setup.ts";
import { createTimer, type Timer } from "./timer.ts";
import { createWay } from "./ways.ts";

/** A line of the access log. */
export interface AccessLogEntry {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly source: string;
  code: number;
  details: string;
  cluster: string | undefined;
  /** Dynamic metadata by namespace. */
  metadata: Record<string, unknown>;
}

export interface ExchangeParts {
  readonly settings: Settings;
  readonly entry: AccessLogEntry;
  open(to: Hearing): Process;
  note: Note;
  logged(): void;
}

/** One HTTP request on its way through the filter. */
export class Exchange implements Hearing {
  readonly settings: Settings;
  readonly entry: AccessLogEntry;
  readonly note: Note;
  readonly configured: Modes;
  readonly downstream: Downstream;
  readonly upstream: Upstream;
  readonly request: Direction;
  readonly response: Direction;
  readonly timers: Readonly<Record<Side, Timer>>;
  readonly #idle: Timer;
  readonly #process: Process;
  readonly #reading: Gate;
  modes: Modes;
  /** A terminated answer, from its head on. */
  answering = false;
  #first = true;

  constructor(incoming: IncomingMessage, outgoing: ServerResponse, parts: ExchangeParts) {
    const { settings, entry } = parts;
    this.settings = settings;
    this.entry = entry;
    this.note = parts.note;
    this.configured = modesOf(settings);
    this.modes = this.configured;
    this.#reading = createGate(() => incoming);
    this.#idle = createTimer(settings.streamIdleTimeout, () => this.fail(504, "stream_idle_timeout", "stream timeout"));
    this.timers = { request: this.#timed("request"), response: this.#timed("response") };
    const send = (message: ProcessingRequest): void => this.#send(message);
    this.downstream = createDownstream(incoming, outgoing, this.#downstreamParts(parts));
    this.response = createWay(this, "response", this.downstream, send);
    this.upstream = createUpstream(this.#upstreamParts());
    this.request = createWay(this, "request", this.upstream, send);
    this.#process = parts.open(this);
    outgoing
      .on("error", () => {})
      .on("close", () => {
        if (!this.downstream.over) this.#leave("downstream_remote_disconnect");
      });
    const fields = requestFields(incoming, settings);
    this.upstream.match(fields);
    this.#idle.start();
    read(incoming, fields, settings, this.request, () => this.#idle.start());
  }

  message(message: ProcessingResponse): void {
    if (this.downstream.over && this.settings.mode !== "tap") return;
    try {
      take(this, message);
    } catch (cause) {
      if (!(cause instanceof Failure)) throw cause;
      this.note(cause.message);
      this.fail(cause.status ?? this.settings.statusOnError, cause.message);
    }
  }

  drained(): void {
    this.#reading.release("processor");
    this.upstream.release("processor");
  }

  /** OK means "carry on without me", before an answer and within it. */
  closed(error?: string): void {
    const { settings, downstream } = this;
    const tapped = settings.mode === "tap";
    if (downstream.over) return;
    if (error !== undefined) {
      if (!settings.failureModeAllow) this.fail(settings.statusOnError, error);
    } else if (this.answering) this.note("closed with OK within the answer: the caller waits for its end");
    else if (!tapped) {
      this.note("closed with OK before the end: the request goes on without the processor");
      this.request.release();
      this.response.release();
    }
  }

  /** Fails closed: an answer of Envoy's own where none has begun, else a broken connection. */
  fail(status: number, details: string, body = ""): void {
    if (this.downstream.over) return;
    this.entry.details = details;
    this.#stop();
    if (this.downstream.committed) this.downstream.abort();
    else this.downstream.local(status, Buffer.from(body));
  }

  /** The processor's own whole answer; too late once another has begun. */
  respond(status: number, fields: Fields, body: Buffer, details: string): void {
    this.entry.details = details;
    this.#stop();
    if (this.downstream.committed) this.downstream.abort();
    else this.downstream.local(status, body, fields);
  }

  #downstreamParts(parts: ExchangeParts): DownstreamParts {
    return {
      note: parts.note,
      full: () => this.upstream.hold("caller"),
      drained: () => this.upstream.release("caller"),
      activity: () => this.#idle.start(),
      finished: () => this.#over(parts),
    };
  }

  #upstreamParts(): UpstreamParts {
    return {
      settings: this.settings,
      answer: this.response,
      details: (details) => {
        this.entry.details = details;
      },
      broke: () => this.#leave("upstream_reset_after_response_started"),
      activity: () => this.#idle.start(),
      full: () => this.#reading.hold("provider"),
      drained: () => this.#reading.release("provider"),
    };
  }

  #over({ logged }: ExchangeParts): void {
    this.entry.code = this.downstream.status;
    this.entry.cluster = this.upstream.cluster;
    this.#idle.stop();
    this.timers.request.stop();
    this.timers.response.stop();
    if (this.settings.mode === "tap") setTimeout(() => this.#process.leave(), this.settings.deferredClose).unref();
    else this.#process.finish();
    logged();
  }

  #stop(): void {
    this.request.stop();
    this.response.stop();
    this.upstream.cancel();
  }

  /** The caller or the provider is gone. */
  #leave(details: string): void {
    this.entry.details = details;
    if (this.settings.mode !== "tap") this.#process.leave();
    this.#stop();
    this.downstream.abort();
  }

  #timed(side: Side): Timer {
    return createTimer(this.settings.messageTimeout, () => {
      this.note(`message timeout: ${side}`);
      this.fail(504, "message timeout");
    });
  }

  #send(message: ProcessingRequest): void {
    const { requestBody, responseBody } = this.configured;
    const source = { fields: { "source.address": { stringValue: this.entry.source } } };
    const opening = {
      protocol_config: { request_body_mode: requestBody, response_body_mode: responseBody },
      attributes: { "envoy.filters.http.ext_proc": source },
    };
    const room = this.#process.send(this.#first ? { ...message, ...opening } : message);
    this.#first = false;
    if (room) return;
    this.#reading.hold("processor");
    this.upstream.hold("processor");
  }

  /** Nothing more has to be shown: the processor is let go. */
  completed(): void {
    const responds = this.modes.responseHeaders && !this.response.complete;
    if (this.settings.mode !== "tap" && this.request.complete && !responds) this.#process.finish();
  }
}
