import { once } from "node:events";
import { Agent, createServer, request as open, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createProxyMiddleware } from "http-proxy-middleware";
import { createProxyMiddleware as createProxyMiddleware4 } from "http-proxy-middleware4";
import { postern } from "../../adapters/proxy/proxy.ts";
import { fails, inTurn, says } from "../../adapters/testing.ts";
import { type ConfigInput, createGateway, hashKey, silent } from "../../src/index.ts";
import { type LoopbackProvider, startProvider } from "../doubles/provider.ts";
import { chunk, email, role, saidIn, streams } from "./scene.ts";

type Options = Parameters<typeof createProxyMiddleware4>[0];
type Make = (options: Options) => RequestListener & { upgrade: (...event: never[]) => void };

const makers: readonly (readonly [string, Make])[] = [
  ["3", (options) => createProxyMiddleware(options as object) as ReturnType<Make>],
  ["4", (options) => createProxyMiddleware4(options) as ReturnType<Make>],
];

const config = (provider: LoopbackProvider, timeouts = {}): ConfigInput => {
  const target = { provider: "openai" as const, apiKey: "sk-operator", timeouts };
  return {
    targets: {
      first: { ...target, baseUrl: `${provider.url}/first/v1` },
      second: { ...target, baseUrl: `${provider.url}/second/v1` },
    },
    models: { fast: { targets: [{ target: "first" }, { target: "second" }] } },
    access: { keys: [{ id: "web", hash: hashKey("psk_web") }] },
  };
};

const asked = { model: "fast", messages: [{ role: "user", content: `I am ${email}` }] };

describe.each(makers)("http-proxy-middleware %s", (_version, make) => {
  let provider: LoopbackProvider;
  let close: () => Promise<void> = async () => {};
  beforeEach(async () => {
    provider = await startProvider();
  });
  afterEach(async () => {
    await close();
    await provider.close();
  });

  /** A server with the proxy in it; what the proxy does not take is answered with 418. */
  const serve = async (options: Record<string, unknown>, timeouts = {}) => {
    const gateway = createGateway(config(provider, timeouts), { log: silent });
    await gateway.ready;
    const proxy = make(postern(gateway, options) as unknown as Options);
    const next = (response: ServerResponse) => () => response.writeHead(418).end();
    const server = createServer((request, response) =>
      (proxy as (...all: unknown[]) => void)(request, response, next(response)),
    );
    server.on("upgrade", proxy.upgrade as never);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    close = async () => {
      server.closeAllConnections();
      server.close();
      await gateway.close(100);
    };
    return { port, gateway };
  };

  const call = async (port: number, path = "/v1/chat/completions", body: object = asked, headers = {}) => {
    const sent = JSON.stringify(body);
    const request = open({
      port,
      path,
      method: "POST",
      agent: false,
      headers: { "content-type": "application/json", authorization: "Bearer psk_web", ...headers },
    });
    request.end(sent);
    const [response] = await once(request, "response");
    let text = "";
    for await (const piece of response) text += piece;
    return { status: response.statusCode as number, text };
  };

  /** Red when the team's proxy adds to what leaves, or sends it elsewhere too. */
  it("lets nothing into a call but how the network is reached", async () => {
    const elsewhere = await startProvider();
    const { port } = await serve({
      target: elsewhere.url,
      router: { "/v1": elsewhere.url },
      forward: elsewhere.url,
      headers: { "x-added": "1", authorization: "Bearer other" },
      auth: "user:password",
      xfwd: true,
      followRedirects: true,
      selfHandleResponse: false,
    });
    provider.answer(() => ({ status: 307, headers: { location: `${elsewhere.url}/v1/chat/completions` } }));
    const { status } = await call(port, "/v1/chat/completions", asked, { cookie: "session=1" });
    expect(status).toBe(502);
    expect(elsewhere.requests).toEqual([]);
    const names = Object.keys(provider.requests[0]?.headers ?? {}).sort();
    expect(names.filter((name) => name !== "connection")).toEqual(
      ["accept", "accept-encoding", "authorization", "content-length", "content-type", "host"].sort(),
    );
    expect(provider.requests[0]?.headers.authorization).toBe("Bearer sk-operator");
    await elsewhere.close();
  });

  /** Red when a listener of the team's proxy answers the caller in our place, or breaks it. */
  it("keeps the team's listeners, and the caller's answer from them", async () => {
    const seen: unknown[] = [];
    const { port } = await serve({
      on: {
        proxyReq: (_leaving: unknown, request: { url: string }) => seen.push(request.url),
        proxyRes: (_answer: unknown, _request: unknown, response: ServerResponse) => {
          response.writeHead(500);
          response.end("from a listener");
        },
        error: (_error: unknown, _request: unknown, response: ServerResponse) => {
          seen.push("error");
          response.writeHead(500);
          response.end("from a listener");
        },
      },
    });
    provider.answer(inTurn(() => ({ ends: "unreachable" }), says("Hello [EMAIL_1]")));
    const { status, text } = await call(port);
    expect([status, saidIn(text)]).toEqual([200, `Hello ${email}`]);
    expect(seen).toEqual(["/first/v1/chat/completions", "error", "/second/v1/chat/completions"]);
  });

  it("works without the proxy's own plugins", async () => {
    const { port } = await serve({ ejectPlugins: true });
    provider.answer(inTurn(() => ({ ends: "unreachable" }), says("Hello.")));
    expect(saidIn((await call(port)).text)).toBe("Hello.");
  });

  it("uses the team's agent", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const made: unknown[] = [];
    const { createConnection } = agent as unknown as { createConnection: (...all: unknown[]) => unknown };
    Object.assign(agent, {
      createConnection(...all: unknown[]) {
        made.push(all);
        return createConnection.apply(agent, all);
      },
    });
    const { port } = await serve({ agent });
    await call(port);
    await call(port);
    expect(provider.requests).toHaveLength(2);
    expect(made).toHaveLength(1);
    agent.destroy();
  });

  /** Red when only the team's proxy has timeouts. */
  it.each([
    ["firstByte", { firstByte: "40ms" }],
    ["idle", { idle: "40ms" }],
  ])("keeps to a target's timeouts: %s", async (name, timeouts) => {
    const { port } = await serve({}, timeouts);
    const silence = async function* () {
      if (name === "idle") yield role;
      if (name === "idle") yield chunk({ content: "Half a" });
      await new Promise(() => {});
    };
    // An interim head is none.
    provider.answer((request, number) => {
      if (name === "idle") return streams(silence(), "silent")(request, number);
      return number === 1
        ? ({ status: 102 as number, pieces: silence(), ends: "silent" } as const)
        : says("Second.")(request, number);
    });
    const { text } = await call(port, "/v1/chat/completions", { ...asked, stream: true });
    if (name === "idle") expect(text).toContain("upstream_timeout");
    else expect(saidIn(text)).toBe("Second.");
  });

  it("is where the proxy is: below its filter, behind its rewriting", async () => {
    const { port } = await serve({ pathFilter: "/ai", pathRewrite: { "^/ai": "" } });
    provider.answer(says("Hello."));
    expect(saidIn((await call(port, "/ai/v1/chat/completions")).text)).toBe("Hello.");
    expect((await call(port, "/other/v1/chat/completions")).status).toBe(418);
  });

  /** Red when what is no AI call goes where the proxy used to send it. */
  it("forwards nothing that is not inspected, no WebSocket either", async () => {
    const elsewhere = await startProvider();
    const { port } = await serve({ target: elsewhere.url, ws: true });
    expect((await call(port, "/v1/files")).status).toBe(403);
    const headers = {
      connection: "upgrade",
      upgrade: "websocket",
      "sec-websocket-key": "x",
      "sec-websocket-version": "13",
    };
    const request = open({ port, path: "/v1/realtime", headers, agent: false });
    request.end();
    const [response] = await once(request, "response");
    expect(response.statusCode).toBe(403);
    expect(elsewhere.requests).toEqual([]);
    await elsewhere.close();
  });

  it("fails over to the next target", async () => {
    const { port } = await serve({});
    provider.answer(inTurn(fails(503), says("Second, [EMAIL_1].")));
    expect(saidIn((await call(port)).text)).toBe(`Second, ${email}.`);
    expect(provider.requests.map(({ url }) => url)).toEqual([
      "/first/v1/chat/completions",
      "/second/v1/chat/completions",
    ]);
  });
});
