import { type ChannelCredentials, type ClientDuplexStream, credentials, status } from "@grpc/grpc-js";
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
  const insecure: ChannelCredentials = credentials.createInsecure();
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
      return hold(call, to, settings.gracefulClose, ended);
    },
    close(): void {
      if (current) retire(current);
    },
  };
}

function hold(call: Call, to: Hearing, graceful: boolean, ended: (code: number) => void): Process {
  let over = false;
  let done = false;
  let how: { code: number; details: string } | undefined;
  // The status may overtake messages that are still being read.
  const closed = (): void => {
    if (!done || !how || over) return;
    over = true;
    to.closed(how.code === status.OK ? undefined : `gRPC status ${how.code}`);
  };
  call.on("data", (message: ProcessingResponse) => {
    if (!over) to.message(message);
  });
  call.on("drain", () => to.drained());
  call.on("error", () => {});
  call.on("end", () => {
    done = true;
    closed();
  });
  call.on("status", (received) => {
    ended(received.code);
    how = received;
    closed();
  });
  const leave = (after: number): void => {
    over = true;
    call.end();
    setTimeout(() => call.cancel(), after).unref();
  };
  return {
    send: (message) => over || call.write(message),
    finish() {
      if (over) return;
      if (graceful) return leave(1_000);
      over = true;
      call.cancel();
    },
    leave() {
      if (!over) leave(1);
    },
  };
}
