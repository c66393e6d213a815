import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { answerWith, askedIn } from "../../testing-wire.ts";

/** A process of its own that plays the providers. It tells its parent every byte that reached it. */

async function read(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString("utf8");
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await read(request);
  const url = request.url ?? "";
  process.send?.({ method: request.method, url, body });
  if (url.startsWith("/down/")) {
    response.writeHead(503, { "content-type": "application/json" });
    response.end(JSON.stringify({ error: { message: "Overloaded", type: "server_error", code: "overloaded" } }));
    return;
  }
  const asked = askedIn(url, body);
  // It answers with what it was told, so that one sees what it knows.
  const { contentType, pieces } = answerWith(asked, `You wrote: ${asked.text}`);
  response.writeHead(200, { "content-type": contentType });
  for (const piece of pieces) {
    response.write(piece);
    await sleep(15);
  }
  response.end();
}

const server = createServer((request, response) => {
  serve(request, response).catch(() => response.destroy());
});
server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on("disconnect", () => process.exit(0));
