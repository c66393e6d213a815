import type { ClientRequest, IncomingMessage } from "node:http";
import { createDecoder, type Decoder, type Flow, Refusal, type Sink, type Target } from "../../src/index.ts";

type Timeouts = Target["timeouts"];

/** One request on its way through a proxy server, and its answer into a sink. It fails with `Refusal`s alone. */
export class Passage implements Flow {
  /** Nothing more is said to the sink. */
  over = false;
  readonly #to: Sink;
  readonly #timeouts: Timeouts;
  readonly #cancel: () => void;
  #answer: IncomingMessage | undefined;
  #decoder: Decoder | undefined;
  #connected = false;
  #timer: NodeJS.Timeout;

  /** @param cancel stops the request */
  constructor(to: Sink, timeouts: Timeouts, cancel: () => void) {
    this.#to = to;
    this.#timeouts = timeouts;
    this.#cancel = cancel;
    this.#timer = this.#await("connect");
  }

  /** A connection was found for the request, or is being made. */
  leaves(request: ClientRequest): void {
    const { socket } = request;
    const ready = (): void => {
      this.#connected = true;
      if (!this.over && this.#answer === undefined) this.#await("firstByte");
    };
    if (socket === null || !socket.connecting) ready();
    else socket.once("encrypted" in socket ? "secureConnect" : "connect", ready);
  }

  answers(answer: IncomingMessage): void {
    if (this.over) {
      answer.destroy();
      return;
    }
    this.#answer = answer;
    this.#await("idle");
    const { statusCode: status = 502, headers } = answer;
    const encoding = headers["content-encoding"] ?? "identity";
    if (encoding === "" || encoding.toLowerCase() === "identity") this.#to.head({ status, headers });
    else this.#decode(encoding, status, headers);
    if (!this.over) this.#read(answer);
  }

  /** What was decoded before something broke comes first. */
  fail(cause: unknown): void {
    if (this.over) return;
    const code = this.#connected ? "upstream_broken" : "upstream_unreachable";
    const refusal = cause instanceof Refusal ? cause : new Refusal(code);
    if (this.#decoder === undefined) this.#fail(refusal);
    else this.#decoder.flush(() => this.#fail(refusal));
  }

  resume(): void {
    if (this.#decoder === undefined) this.#resumeReading();
    else this.#decoder.resume();
  }

  abort(): void {
    if (this.over) return;
    this.#finish();
    this.#cancel();
  }

  #decode(encoding: string, status: number, headers: IncomingMessage["headers"]): void {
    this.#decoder = createDecoder(encoding, this.#decoded);
    const { "content-encoding": _encoding, "content-length": _length, ...rest } = headers;
    if (this.#decoder === undefined) this.fail(new Refusal("upstream_invalid", { reason: "content_encoding" }));
    else this.#to.head({ status, headers: rest });
  }

  #read(answer: IncomingMessage): void {
    const broken = (): void => {
      if (!answer.readableEnded) this.fail(undefined);
    };
    answer
      .on("data", (bytes: Uint8Array) => this.#take(answer, bytes))
      .on("end", () => this.#ended())
      .on("error", broken)
      .on("close", broken);
  }

  #take(answer: IncomingMessage, bytes: Uint8Array): void {
    if (this.over) return;
    this.#timer.refresh();
    const more = this.#decoder === undefined ? this.#to.data(bytes) : this.#decoder.write(bytes);
    if (more || this.over) return;
    // Who does not read is not late.
    clearTimeout(this.#timer);
    answer.pause();
  }

  #resumeReading(): void {
    if (this.over || this.#answer?.isPaused() !== true) return;
    this.#await("idle");
    this.#answer.resume();
  }

  get #decoded() {
    return {
      data: (bytes: Uint8Array): boolean => this.over || this.#to.data(bytes),
      drain: () => this.#resumeReading(),
      end: () => this.#end(),
      fail: (refusal: Refusal) => this.#fail(refusal),
    };
  }

  #ended(): void {
    clearTimeout(this.#timer);
    if (this.#decoder === undefined) this.#end();
    else this.#decoder.end();
  }

  #end(): void {
    if (this.over) return;
    this.#finish();
    this.#to.end();
  }

  #fail(refusal: Refusal): void {
    if (this.over) return;
    this.#finish();
    this.#cancel();
    this.#to.fail(refusal);
  }

  #finish(): void {
    this.over = true;
    clearTimeout(this.#timer);
    this.#decoder?.destroy();
  }

  #await(phase: keyof Timeouts): NodeJS.Timeout {
    clearTimeout(this.#timer);
    const late = (): void => this.fail(new Refusal("upstream_timeout", { phase: phases[phase] }));
    this.#timer = setTimeout(late, this.#timeouts[phase]).unref();
    return this.#timer;
  }
}

/** As the engine's own client names them. */
const phases = { connect: "connect", firstByte: "first_byte", idle: "idle" } as const;
