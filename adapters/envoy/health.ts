import type * as grpc from "@grpc/grpc-js";
import { decodeHealthCheck, encodeHealth, serving } from "./codec/health.ts";

type Watcher = grpc.ServerWritableStream<Buffer, Buffer>;

const serviceName = "grpc.health.v1.Health";
const asItIs = (bytes: Buffer): Buffer => bytes;

/** Messages go in and out as bytes: they are coded where they are understood. */
export const raw = {
  requestSerialize: asItIs,
  requestDeserialize: asItIs,
  responseSerialize: asItIs,
  responseDeserialize: asItIs,
};

const methods = {
  Check: { path: `/${serviceName}/Check`, requestStream: false, responseStream: false, ...raw },
  Watch: { path: `/${serviceName}/Watch`, requestStream: false, responseStream: true, ...raw },
};

export interface Health {
  addTo(server: grpc.Server): void;
  /** Tells who asks, and who watches, that nothing is served any more. */
  refuse(): void;
}

/**
 * `grpc.health.v1.Health` for one service and for the server as a whole.
 * @param notFound gRPC's status code for a service that is not here.
 */
export function createHealth(service: string, notFound: grpc.status): Health {
  const watchers = new Set<Watcher>();
  let status: number = serving.serving;

  const statusOf = (request: Buffer): number => {
    const asked = decodeHealthCheck(request);
    return asked === "" || asked === service ? status : serving.unknownService;
  };

  return {
    addTo(server) {
      server.addService(methods, {
        Check(call: grpc.ServerUnaryCall<Buffer, Buffer>, reply: grpc.sendUnaryData<Buffer>) {
          const found = statusOf(call.request);
          if (found === serving.unknownService) reply({ code: notFound, details: "no such service" });
          else reply(null, encodeHealth(found));
        },
        Watch(call: Watcher) {
          watchers.add(call);
          call.on("cancelled", () => watchers.delete(call));
          call.write(encodeHealth(statusOf(call.request)));
          if (status !== serving.serving) call.end();
        },
      });
    },
    refuse() {
      status = serving.notServing;
      for (const watcher of watchers) {
        watcher.write(encodeHealth(statusOf(watcher.request)));
        watcher.end();
      }
    },
  };
}
