import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { echoes, type ProviderRequest, type Script, type ScriptedAnswer } from "../../adapters/testing.ts";

/** A scripted provider on loopback: the same scripts as `createTestGateway`, over a real socket. */
export interface LoopbackProvider {
  readonly url: string;
  readonly requests: readonly ProviderRequest[];
  answer(script: Script): void;
  close(): Promise<void>;
}

/** Resolves when the reader has taken what was written, or is gone. */
function room(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done).off("close", done);
      resolve();
    };
    response.on("drain", done).on("close", done);
  });
}

async function play(answer: ScriptedAnswer, response: ServerResponse): Promise<void> {
  const { status = 200, headers = {}, pieces = [], ends = "whole" } = answer;
  if (ends === "unreachable") return void response.destroy();
  response.writeHead(status, headers as Record<string, string>);
  response.flushHeaders();
  const compressed = headers["content-encoding"] === "gzip";
  for await (const piece of pieces) {
    const bytes = Buffer.from(piece as string);
    if (response.destroyed) return;
    // Each piece a gzip member of its own: a decoder has to pass on every one at once.
    if (!response.write(compressed ? gzipSync(bytes) : bytes)) await room(response);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (ends === "reset") setTimeout(() => response.destroy(), 10);
  if (ends === "whole") response.end();
}

export async function startProvider(): Promise<LoopbackProvider> {
  const requests: ProviderRequest[] = [];
  let script: Script = echoes;
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const { method = "", url = "", headers } = request;
    const gone = new AbortController();
    const received = { method, url, headers, body: Buffer.concat(pieces).toString(), signal: gone.signal };
    requests.push(received);
    response.on("close", () => {
      if (!response.writableFinished) gone.abort();
    });
    await play(script(received, requests.length), response);
  };
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answer(next) {
      script = next;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
