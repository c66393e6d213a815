import { once } from "node:events";
import { createServer, request as open } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import express from "express";
import { postern } from "../../adapters/express.ts";
import { createTestGateway } from "../../adapters/testing.ts";
import { until } from "./scene.ts";

describe("Express", () => {
  /** Red when the header that a body parser leaves behind is taken for the body's. */
  it("a body that was sent compressed and parsed before us is taken", async () => {
    const test = createTestGateway();
    const server = createServer(express().use(express.json(), postern(test.gateway))).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const body = { model: "gpt-4o-mini", messages: [{ role: "user", content: "I am maria.lopez@example.com" }] };
    const headers = { "content-type": "application/json", "content-encoding": "gzip", authorization: "Bearer sk-own" };
    const request = open({ port, path: "/v1/chat/completions", method: "POST", headers, agent: false });
    request.end(gzipSync(JSON.stringify(body)));
    const [response] = await once(request, "response");
    let text = "";
    for await (const piece of response) text += piece;
    expect(JSON.parse(text).choices[0].message.content).toBe("I am maria.lopez@example.com");
    expect(JSON.parse(test.requests[0]?.body ?? "").messages[0].content).toBe("I am [EMAIL_1]");
    server.close();
    await test.close();
  });

  /** Red when a call is made for nobody, and its money and its place are held until its target is late. */
  it("a caller that left while a middleware before us waited costs nothing", async () => {
    const test = createTestGateway();
    const late: express.Handler = (request, response, next) => {
      request.socket.destroy();
      response.once("close", () => setImmediate(next));
    };
    const app = express().use(express.json(), late, postern(test.gateway));
    const server = createServer(app).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const headers = { "content-type": "application/json", authorization: "Bearer sk-own" };
    const request = open({ port, path: "/v1/chat/completions", method: "POST", headers, agent: false });
    request.end(JSON.stringify({ model: "gpt-4o-mini", messages: [{ role: "user", content: "Hello" }] }));
    await once(request, "error");
    await until(() => test.receipts.length === 1);
    expect([test.receipts[0]?.outcome, test.requests.length]).toEqual(["aborted", 0]);
    server.close();
    await test.close();
  });
});
