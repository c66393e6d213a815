import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { type AddressInfo, connect, createServer as createWire, type Socket, type Server as Wire } from "node:net";
import { createProxyMiddleware } from "http-proxy-middleware";
import { createProxyMiddleware as createProxyMiddleware4 } from "http-proxy-middleware4";
import { toNodeHandler, toUpgradeHandler } from "../../adapters/node.ts";
import { postern as proxyOptions } from "../../adapters/proxy/proxy.ts";
import { createGateway, type Gateway, hashKey, type Receipt, silent } from "../../src/index.ts";
import { until } from "./scene.ts";

interface Host {
  readonly listener: RequestListener;
  readonly upgrade: (request: IncomingMessage, socket: Socket, head: Buffer) => void;
}
interface Connection {
  readonly socket: Socket;
  text: string;
}

const proxied = (proxy: object): Host => {
  const made = proxy as RequestListener & { upgrade: Host["upgrade"] };
  return { listener: made, upgrade: made.upgrade };
};
const hosts: readonly (readonly [string, (gateway: Gateway, agent: Agent) => Host])[] = [
  ["node:http", (gateway) => ({ listener: toNodeHandler(gateway), upgrade: toUpgradeHandler(gateway) })],
  [
    "http-proxy-middleware 3, connections kept",
    (gateway, agent) => proxied(createProxyMiddleware(proxyOptions(gateway, { agent }))),
  ],
  [
    "http-proxy-middleware 4, connections kept",
    (gateway, agent) => proxied(createProxyMiddleware4(proxyOptions(gateway, { agent }) as object)),
  ],
];

const listen = async (server: Server | Wire): Promise<number> => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
};

const shown = "authorization: Bearer psk_web\r\nhost: x\r\n";
const webSocket = "connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: x\r\n";
const fine = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/** Both ends are written by the byte, as no client and no server would. */
describe.each(hosts)("hostile bytes on %s", (_name, hostOf) => {
  let gateway: Gateway;
  let server: Server;
  let provider: Wire;
  let port = 0;
  let agent: Agent;
  let answer = fine;
  const receipts: Receipt[] = [];
  const connections: Connection[] = [];
  const callers: Socket[] = [];

  beforeEach(async () => {
    answer = fine;
    for (const list of [receipts, connections, callers]) list.length = 0;
    provider = createWire((socket) => {
      const connection: Connection = { socket, text: "" };
      connections.push(connection);
      socket.on("error", () => {});
      socket.on("data", (bytes) => {
        if (connection.text === "") socket.write(answer);
        connection.text += bytes.toString("latin1");
      });
    });
    const url = `http://127.0.0.1:${await listen(provider)}/v1`;
    const watch = { name: "receipts", open: () => ({ settle: (receipt: Receipt) => void receipts.push(receipt) }) };
    gateway = createGateway(
      {
        targets: { first: { provider: "openai", apiKey: "sk-operator", baseUrl: url } },
        access: { keys: [{ id: "web", hash: hashKey("psk_web") }] },
        passThrough: ["/v1"],
      },
      { log: silent, steps: [{ after: "tracing", step: watch }] },
    );
    await gateway.ready;
    agent = new Agent({ keepAlive: true });
    const { listener, upgrade } = hostOf(gateway, agent);
    server = createServer(listener).on("upgrade", upgrade);
    port = await listen(server);
  });
  afterEach(async () => {
    agent.destroy();
    for (const socket of callers) socket.destroy();
    server.closeAllConnections();
    server.close();
    await gateway.close(10);
    for (const { socket } of connections) socket.destroy();
    provider.close();
  });

  const say = (text: string): Connection => {
    const socket = connect(port, "127.0.0.1");
    callers.push(socket);
    const heard: Connection = { socket, text: "" };
    socket
      .on("error", () => {})
      .on("data", (bytes) => {
        heard.text += bytes.toString("latin1");
      });
    socket.write(text);
    return heard;
  };

  /** Red when the provider would read a body as the next request on its connection. */
  it.each(["DELETE", "OPTIONS", "GET"])("the body of a %s of unknown length stays its body", async (method) => {
    const next = "POST /v1/chat/completions HTTP/1.1\r\nx: ";
    const chunks = `${next.length.toString(16)}\r\n${next}\r\n0\r\n\r\n`;
    const heard = say(`${method} /v1/files/a HTTP/1.1\r\n${shown}transfer-encoding: chunked\r\n\r\n${chunks}`);
    await until(() => heard.text.endsWith("ok") && connections[0]?.text.endsWith(chunks) === true);
    expect(connections[0]?.text).toMatch(/\r\ntransfer-encoding: chunked\r\n/i);
    expect(connections[0]?.text).not.toMatch(/content-length/i);
  });

  /** Red when a provider waits for a body that never comes, and takes the next call for it. */
  it.each(["content-length: 1000", "transfer-encoding: chunked"])("an upgrade leaves without %s", async (framing) => {
    const heard = say(`GET /v1/realtime HTTP/1.1\r\n${shown}${webSocket}${framing}\r\n\r\n`);
    await until(() => heard.text.endsWith("ok"));
    expect(connections[0]?.text).toMatch(/\r\nupgrade: websocket\r\n/i);
    expect(connections[0]?.text).not.toMatch(/content-length|transfer-encoding/i);
  });

  /** Red when a provider that answers TRACE shows a caller the operator's key. */
  it("a TRACE goes nowhere", async () => {
    const heard = say(`TRACE /v1/files HTTP/1.1\r\n${shown}\r\n`);
    await until(() => heard.text.includes("not_inspected"));
    expect(connections).toEqual([]);
  });

  it("a virtual key behind a second = of the query stays here", async () => {
    const heard = say(`GET /v1/files?x=1=psk_web&after=2 HTTP/1.1\r\n${shown}\r\n`);
    await until(() => heard.text.endsWith("ok"));
    expect(connections[0]?.text).toMatch(/^GET \/v1\/files\?after=2 HTTP/);
  });

  it.each([
    ["an answer", "", "HTTP/1.1 302 Found"],
    ["a denied upgrade", webSocket, "HTTP/1.1 302 Found"],
    ["a granted upgrade", webSocket, "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade"],
  ])("no header of %s quotes our key", async (_title, asked, line) => {
    answer = `${line}\r\nlocation: https://elsewhere/?key=sk-operator\r\nauthorization: Bearer sk-operator\r\nx-kept: 1\r\ncontent-length: 0\r\n\r\n`;
    const heard = say(`GET /v1/files HTTP/1.1\r\n${shown}${asked}\r\n`);
    await until(() => heard.text.includes("\r\n\r\n"));
    expect(heard.text).toContain("x-kept: 1");
    expect(heard.text).not.toContain("sk-operator");
  });

  /** Red when such an answer hangs or ends the process. */
  it.each([
    ["an upgrade that nobody asked for", "101 Switching Protocols\r\nupgrade: foo\r\nconnection: upgrade", "broken"],
    ["a status below 100", "099 Odd\r\ncontent-length: 0", "invalid"],
  ])("%s is a broken answer", async (_title, head, code) => {
    answer = `HTTP/1.1 ${head}\r\n\r\n`;
    const heard = say(`GET /v1/files HTTP/1.1\r\n${shown}\r\n`);
    await until(() => heard.text.includes(`upstream_${code}`));
    expect(heard.text).toMatch(/^HTTP\/1\.1 502/);
    await until(() => receipts.length === 1 && connections[0]?.socket.destroyed === true);
  });

  /** Red when the socket is left open with nobody to hear of its errors: a reset of it ends the process. */
  it("an upgrade of an absolute address is refused", async () => {
    const heard = say(`GET http://x/v1/realtime HTTP/1.1\r\n${shown}${webSocket}\r\n`);
    await until(() => heard.text.includes("not_inspected"));
    expect(connections).toEqual([]);
  });

  it("nothing of a connection stays where the answer came before the body", async () => {
    answer = "HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno";
    const heard = say(`POST /v1/files HTTP/1.1\r\n${shown}content-length: 100000\r\n\r\nabc`);
    await until(() => heard.text.endsWith("no"));
    await until(() => connections[0]?.socket.destroyed === true && receipts.length === 1);
  });

  /** A middleware before us may have waited for something. */
  it("a caller that left before we were asked costs nothing", async () => {
    const { listener } = hostOf(gateway, agent);
    server.removeAllListeners("request");
    const left = new Promise<void>((resolve) => {
      server.on("request", (request, response) => {
        request.socket.destroy();
        response.once("close", () => setImmediate(() => resolve(void listener(request, response))));
      });
    });
    say(`GET /v1/files HTTP/1.1\r\n${shown}\r\n`);
    await left;
    await until(() => receipts.length === 1);
    expect(receipts[0]?.outcome).toBe("aborted");
  });
});
