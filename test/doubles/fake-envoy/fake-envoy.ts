import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type AccessLogEntry, Exchange } from "./exchange.ts";
import { createProcesses } from "./process.ts";
import { type EnvoySetup, settingsOf } from "./setup.ts";

export interface FakeEnvoy {
  /** Where callers send their requests, over HTTP/1.1. */
  readonly url: string;
  /** What the processor did that a real Envoy drops, ignores, misreads or fails a request for. */
  readonly violations: readonly string[];
  /** One entry a request, when it is over. */
  readonly accessLog: readonly AccessLogEntry[];
  close(): Promise<void>;
}

/** An Envoy of 1.37 to 1.40 with one external processing filter, as its processor (`host:port` or `unix:path`) and its callers see it. */
export async function startFakeEnvoy({ processor, ...setup }: EnvoySetup & { processor: string }): Promise<FakeEnvoy> {
  const settings = settingsOf(setup);
  const processes = createProcesses(processor, settings);
  const violations: string[] = [];
  const accessLog: AccessLogEntry[] = [];
  const server = createServer({ maxHeaderSize: 61_440, requestTimeout: 0 }, (request, response) => {
    const entry: AccessLogEntry = {
      method: request.method ?? "",
      path: request.url ?? "",
      headers: request.headers as Record<string, string>,
      source: `${request.socket.remoteAddress}:${request.socket.remotePort}`,
      code: 0,
      details: "via_upstream",
      cluster: undefined,
      metadata: {},
    };
    new Exchange(request, response, {
      settings,
      entry,
      open: processes.open,
      note: (violation) => void violations.push(violation),
      logged: () => void accessLog.push(entry),
    });
  });
  // Without upgrade_configs the processor never hears of it.
  server.on("upgrade", (_request, socket) => {
    socket.on("error", () => {}).end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nserver: envoy\r\n\r\n");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    violations,
    accessLog,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      processes.close();
    },
  };
}
