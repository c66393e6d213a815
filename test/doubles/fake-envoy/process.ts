import { type ClientDuplexStream, credentials, status } from "@grpc/grpc-js";
import {
  ExternalProcessor,
  type ExternalProcessorClient,
  type ProcessingRequest,
  type ProcessingResponse,
} from "./protocol.ts";
import type { Settings } from "./setup.ts";

/** One Process stream, as Envoy holds it. */
export interface Process {
  /** `false`: full; `drained` is called when there is room. */
  send(message: ProcessingRequest): boolean;
  /** Nothing more is needed: the stream is reset (Node may half-close it first), or half-closed where the runtime flag says so. */
  finish(): void;
  /** The caller or the provider is gone: half-closed, then reset. */
  leave(): void;
}

export interface Hearing {
  message(message: ProcessingResponse): void;
  drained(): void;
  /** The processor ended the stream; `error` is absent for OK. */
  closed(error?: string): void;
}

type Call = ClientDuplexStream<ProcessingRequest, ProcessingResponse>;

interface Connection {
  readonly client: ExternalProcessorClient;
  opened: number;
  open: number;
  spent: boolean;
}

const options = {
  "grpc.max_receive_message_length": -1,
  "grpc.max_send_message_length": -1,
  "grpc.use_local_subchannel_pool": 1,
  "grpc.enable_retries": 0,
  "grpc.initial_reconnect_backoff_ms": 100,
};

/** Opens streams on one connection at a time, over plain HTTP/2. */
export function createProcesses(address: string, settings: Settings) {
  let current: Connection | undefined;
  const insecure = credentials.createInsecure();
  const retire = (connection: Connection): void => {
    connection.spent = true;
    if (current === connection) current = undefined;
    if (connection.open === 0) connection.client.close();
  };
  const connection = (): Connection => {
    current ??= { client: new ExternalProcessor(address, insecure, options), opened: 0, open: 0, spent: false };
    const taken = current;
    taken.open += 1;
    if (++taken.opened >= settings.maxRequestsPerConnection) current = undefined;
    taken.spent = current === undefined;
    return taken;
  };
  return {
    open(to: Hearing): Process {
      const used = connection();
      const call = (used.client as unknown as { Process(): Call }).Process();
      const ended = (code: number): void => {
        used.open -= 1;
        // A channel waits before it dials again; Envoy does not.
        if (code === status.UNAVAILABLE || (used.spent && used.open === 0)) retire(used);
      };
      return new Stream(call, to, settings.gracefulClose, ended);
    },
    close(): void {
      if (current) retire(current);
    },
  };
}

class Stream implements Process {
  readonly #call: Call;
  readonly #to: Hearing;
  readonly #graceful: boolean;
  #over = false;
  #ended = false;
  #code: number | undefined;

  constructor(call: Call, to: Hearing, graceful: boolean, ended: (code: number) => void) {
    this.#call = call;
    this.#to = to;
    this.#graceful = graceful;
    call.on("data", (message: ProcessingResponse) => {
      if (!this.#over) to.message(message);
    });
    call.on("drain", () => to.drained());
    call.on("error", () => {});
    call.on("end", () => {
      this.#ended = true;
      this.#close();
    });
    call.on("status", ({ code }) => {
      ended(code);
      this.#code = code;
      this.#close();
    });
  }

  send(message: ProcessingRequest): boolean {
    return this.#over || this.#call.write(message);
  }

  finish(): void {
    if (this.#over) return;
    if (this.#graceful) this.#halfClose(1_000);
    else {
      this.#over = true;
      this.#call.cancel();
    }
  }

  leave(): void {
    if (!this.#over) this.#halfClose(1);
  }

  #halfClose(resetAfter: number): void {
    this.#over = true;
    this.#call.end();
    setTimeout(() => this.#call.cancel(), resetAfter).unref();
  }

  /** The status may overtake messages that are still being read. */
  #close(): void {
    if (!this.#ended || this.#code === undefined || this.#over) return;
    this.#over = true;
    this.#to.closed(this.#code === status.OK ? undefined : `gRPC status ${this.#code}`);
  }
}
