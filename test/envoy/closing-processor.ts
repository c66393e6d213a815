import { Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";

const asItIs = (bytes: Buffer): Buffer => bytes;
const raw = {
  requestSerialize: asItIs,
  requestDeserialize: asItIs,
  responseSerialize: asItIs,
  responseDeserialize: asItIs,
};
const service = {
  Process: {
    path: "/envoy.service.ext_proc.v3.ExternalProcessor/Process",
    requestStream: true,
    responseStream: true,
    ...raw,
  },
};

/** An empty reply to `request_headers`: ProcessingResponse{request_headers=1{response=1{}}}. */
const carryOn = Buffer.from([0x0a, 0x02, 0x0a, 0x00]);

export interface ClosingProcessor {
  readonly address: string;
  /** Streams that it has closed. */
  readonly closed: number;
  close(): void;
}

/** A processor with a grave fault: it ends its stream with OK after so many messages, which to Envoy means "go on without me". */
export async function startClosingProcessor(after: number, replies: boolean): Promise<ClosingProcessor> {
  const server = new Server();
  let closed = 0;
  server.addService(service, {
    Process(call: ServerDuplexStream<Buffer, Buffer>) {
      let seen = 0;
      call.on("error", () => {});
      call.on("data", () => {
        seen++;
        if (replies && seen === 1) call.write(carryOn);
        if (seen !== after) return;
        closed++;
        call.end();
      });
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    address: `127.0.0.1:${port}`,
    get closed() {
      return closed;
    },
    close: () => server.forceShutdown(),
  };
}
