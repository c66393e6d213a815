import { once } from "node:events";
import { createServer, request as open } from "node:http";
import type { AddressInfo } from "node:net";
import Koa from "koa";
import { postern } from "../../adapters/koa.ts";
import { createTestGateway } from "../../adapters/testing.ts";
import { bodyParser } from "../doubles/koa-body.ts";
import { until } from "./scene.ts";

const body = { model: "gpt-4o-mini", messages: [{ role: "user", content: "I am maria.lopez@example.com" }] };

async function serve(app: Koa) {
  const server = createServer(app.callback()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    async send(path: string, sent?: object) {
      const headers = { "content-type": "application/json", authorization: "Bearer sk-own" };
      const request = open({ port, path, method: sent ? "POST" : "GET", headers, agent: false });
      request.end(sent && JSON.stringify(sent));
      const [response] = await once(request, "response");
      let text = "";
      for await (const piece of response) text += piece;
      return { status: response.statusCode as number, text };
    },
    close: () => server.close(),
  };
}

describe("Koa", () => {
  it.each([
    ["the text that a body parser kept", true],
    ["what a body parser made of the text, where it kept none", false],
  ])("takes %s", async (_name, raw) => {
    const test = createTestGateway();
    const { send, close } = await serve(new Koa().use(bodyParser({ raw })).use(postern(test.gateway)));
    const { text } = await send("/v1/chat/completions", body);
    expect(JSON.parse(text).choices[0].message.content).toBe("I am maria.lopez@example.com");
    expect(JSON.parse(test.requests[0]?.body ?? "").messages[0].content).toBe("I am [EMAIL_1]");
    close();
    await test.close();
  });

  it("leaves what is not an AI call to the next middleware", async () => {
    const test = createTestGateway();
    const app = new Koa().use(postern(test.gateway)).use((context) => {
      context.body = `mine: ${context.path}`;
    });
    const { send, close } = await serve(app);
    expect(await send("/hello")).toEqual({ status: 200, text: "mine: /hello" });
    expect(test.requests).toEqual([]);
    close();
    await test.close();
  });

  it("lets what runs above it continue after the answer", async () => {
    const test = createTestGateway();
    const seen: (number | boolean)[] = [];
    const above: Koa.Middleware = async (context, next) => {
      await next();
      seen.push(context.res.statusCode, context.res.writableFinished);
    };
    const { send, close } = await serve(new Koa().use(above).use(postern(test.gateway)));
    await send("/v1/chat/completions", body);
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toEqual([200, true]);
    close();
    await test.close();
  });

  /** Red when a request whose caller has left stays open above. */
  it("lets what runs above it continue where the caller had left", async () => {
    const test = createTestGateway();
    const seen: string[] = [];
    const late: Koa.Middleware = async ({ req, res }, next) => {
      req.socket.destroy();
      await once(res, "close");
      await next();
      seen.push("over");
    };
    const { send, close } = await serve(
      new Koa()
        .use(bodyParser({ raw: true }))
        .use(late)
        .use(postern(test.gateway)),
    );
    await expect(send("/v1/chat/completions", body)).rejects.toThrow("socket hang up");
    await until(() => seen.length === 1 && test.receipts.length === 1);
    expect([test.receipts[0]?.outcome, test.requests.length]).toEqual(["aborted", 0]);
    close();
    await test.close();
  });
});
