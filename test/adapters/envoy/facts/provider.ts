import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What reached the provider. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  body: string;
  /** Its answer, or the request, was broken off from the other side. */
  aborted: boolean;
}

export type Providing = (request: IncomingMessage, response: ServerResponse, received: Received) => unknown;

const echo: Providing = (_request, response, { body }) => {
  const text = JSON.stringify({ echo: body });
  response.writeHead(200, { "content-type": "application/json", "content-length": String(text.length) });
  response.end(text);
};

export async function startProvider() {
  let received: Received[] = [];
  let script = echo;
  const server = createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    const each: Received = { method, url, headers, body: "", aborted: false };
    received.push(each);
    const abort = (): void => {
      each.aborted = true;
    };
    request.on("error", abort).on("data", (bytes: Buffer) => {
      each.body += bytes.toString("latin1");
    });
    response.on("close", () => {
      if (!response.writableFinished) abort();
    });
    request.on("end", () => script(request, response, each));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    play(next: Providing = echo): readonly Received[] {
      script = next;
      received = [];
      return received;
    },
    close(): void {
      server.closeAllConnections();
      server.close();
    },
  };
}
