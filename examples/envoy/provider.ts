import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { answerWith, askedIn } from "../../adapters/testing-wire.ts";

/** A scripted provider that says what it was told, and keeps every body that reached it. */
export async function startProvider(): Promise<{ url: string; received: readonly string[]; close(): void }> {
  const received: string[] = [];
  const server = createServer(async (request, response) => {
    const body = await read(request);
    received.push(body);
    const asked = askedIn(request.url ?? "", body);
    const { contentType, pieces } = answerWith(asked, `You wrote: ${asked.text}`);
    response.writeHead(200, { "content-type": contentType });
    for (const piece of pieces) response.write(piece);
    response.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    received,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function read(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString("utf8");
}
