import type * as grpc from "@grpc/grpc-js";
import { createHealth, raw } from "./health.ts";
import { type Status, statuses } from "./mode.ts";
import type { Served, Transport } from "./stream.ts";

type Duplex = grpc.ServerDuplexStream<Buffer, Buffer>;

/** The full name under which Envoy calls. */
const serviceName = "envoy.service.ext_proc.v3.ExternalProcessor";

const methods = {
  Process: { path: `/${serviceName}/Process`, requestStream: true, responseStream: true, ...raw },
};

export interface ServerOptions {
  /** Bytes of one message: what Envoy sends of a body at once. */
  readonly messageBytes: number;
  /** Streams, which are calls, at once. */
  readonly calls: number;
}

export interface ServerHandle {
  readonly server: grpc.Server;
  readonly running: ReadonlySet<Served>;
  /** Health checks say that nothing is served any more. */
  refuse(): void;
  /** Resolves when no stream runs. */
  idle(): Promise<void>;
}

/** What the filter says of itself under `initial_metadata`; no caller can add to it. */
export type Told = (name: string) => string | undefined;

/** The gRPC services, not listening yet. */
export function createServer(
  library: typeof grpc,
  options: ServerOptions,
  serve: (transport: Transport, told: Told) => Served,
): ServerHandle {
  const server = new library.Server({ "grpc.max_receive_message_length": options.messageBytes });
  const health = createHealth(serviceName, library.status.NOT_FOUND);
  const running = new Set<Served>();
  let waiting: (() => void)[] = [];

  const left = (served: Served): void => {
    running.delete(served);
    if (running.size > 0) return;
    for (const resolve of waiting) resolve();
    waiting = [];
  };

  const run = (call: Duplex): void => {
    const told = (name: string): string | undefined => call.metadata.get(name)[0]?.toString();
    const served = serve(transportOf(call), told);
    running.add(served);
    call.on("data", (bytes: Buffer) => served.message(bytes));
    call.on("end", () => served.ended());
    call.on("drain", () => served.drained());
    call.on("cancelled", () => served.cancelled());
    call.on("close", () => left(served));
  };

  server.addService(methods, {
    Process(call: Duplex) {
      if (running.size >= options.calls) failWith(call, statuses.resourceExhausted, "too many calls at once");
      else run(call);
    },
  });
  health.addTo(server);

  return {
    server,
    running,
    refuse: () => health.refuse(),
    idle: () => (running.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
}

/** grpc-js makes the status of an error; what was written before leaves first. */
function failWith(call: Duplex, code: Status, details: string): void {
  call.emit("error", Object.assign(new Error(details), { code, details }));
  call.resume();
}

function transportOf(call: Duplex): Transport {
  return {
    write: (message) => call.write(message),
    end: () => {
      call.end();
    },
    fail: (code, why) => failWith(call, code, why),
    pause: () => {
      call.pause();
    },
    resume: () => {
      call.resume();
    },
  };
}
