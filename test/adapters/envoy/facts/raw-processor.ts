import { Server, ServerCredentials, type ServerDuplexStream, type status } from "@grpc/grpc-js";
import {
  ExternalProcessor,
  type HttpBody,
  type ProcessingRequest,
  type ProcessingResponse,
} from "../../../doubles/fake-envoy/protocol.ts";

/** One Process stream, for a script. */
export interface RawCall {
  /** Everything so far. */
  readonly heard: readonly ProcessingRequest[];
  /** `end`, `cancelled`: how it was over, in order. */
  readonly ends: readonly string[];
  readonly isOver: boolean;
  /** The next message; `undefined` at the end. */
  next(): Promise<ProcessingRequest | undefined>;
  /** Reads to the end of the request, and gives its body. */
  wholeRequest(): Promise<string>;
  say(...messages: readonly ProcessingResponse[]): void;
  /** `false`: the stream is full until it drains. */
  write(message: ProcessingResponse): boolean;
  drained(): Promise<void>;
  pause(): void;
  resume(): void;
  close(): void;
  fail(code: status): void;
}

export type ProcessorScript = (call: RawCall) => unknown;

export interface RawProcessor {
  readonly port: number;
  /** Of the call or calls since the last `play`. */
  readonly calls: readonly RawCall[];
  play(script: ProcessorScript): void;
  stop(): void;
  /** Where it was before. */
  start(): Promise<void>;
}

const ends = (body: HttpBody | undefined): boolean => body?.end_of_stream === true;

function rawCall(stream: ServerDuplexStream<ProcessingRequest, ProcessingResponse>): RawCall {
  const heard: ProcessingRequest[] = [];
  const ended: string[] = [];
  let read = 0;
  let wake = (): void => {};
  let over = false;
  const gone = (): void => {
    over = true;
  };
  const closed = (how: string): void => {
    ended.push(how);
    wake();
    if (how === "cancelled") gone();
  };
  stream.on("data", (message: ProcessingRequest) => {
    heard.push(message);
    wake();
  });
  stream.on("end", () => closed("end"));
  stream.on("cancelled", () => closed("cancelled"));
  stream.on("error", () => {});
  const self: RawCall = {
    heard,
    ends: ended,
    get isOver() {
      return over;
    },
    async next() {
      while (read >= heard.length) {
        if (ended.length > 0) return undefined;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return heard[read++];
    },
    async wholeRequest() {
      const bodies: Buffer[] = [];
      for (let message = await self.next(); message; message = await self.next()) {
        if (message.request_body?.body) bodies.push(message.request_body.body);
        if (message.request_headers?.end_of_stream || ends(message.request_body) || message.request_trailers) break;
      }
      return Buffer.concat(bodies).toString();
    },
    say(...messages) {
      for (const message of messages) stream.write(message);
    },
    write: (message) => stream.write(message),
    drained: () => new Promise((resolve) => stream.once("drain", resolve)),
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    close() {
      stream.end();
      gone();
    },
    fail(code) {
      stream.emit("error", { code, details: "as told" });
      gone();
    },
  };
  return self;
}

/** A processor of generated messages that does as it is told, right or wrong. */
export async function startRawProcessor(): Promise<RawProcessor> {
  let script: ProcessorScript = () => {};
  let calls: RawCall[] = [];
  const listen = async (at: number): Promise<Server> => {
    const made = new Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
    made.addService(ExternalProcessor.service, {
      Process(stream: ServerDuplexStream<ProcessingRequest, ProcessingResponse>) {
        const call = rawCall(stream);
        calls.push(call);
        script(call);
      },
    });
    port = await new Promise<number>((resolve, reject) => {
      made.bindAsync(`127.0.0.1:${at}`, ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    return made;
  };
  let port = 0;
  let server = await listen(port);
  return {
    port,
    get calls() {
      return calls;
    },
    play(next) {
      script = next;
      calls = [];
    },
    stop: () => server.forceShutdown(),
    async start() {
      server = await listen(port);
    },
  };
}
