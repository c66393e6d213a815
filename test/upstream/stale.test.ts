import { once } from "node:events";
import http from "node:http";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { answerWith, askedIn } from "../../adapters/testing-wire.ts";
import { hashKey } from "../../src/access/keys.ts";
import { systemClock } from "../../src/engine/clock.ts";
import { createGateway, createMemoryStores, type Gateway, type Receipt, silent } from "../../src/index.ts";
import { createUpstream } from "../../src/upstream/upstream.ts";

/** A provider that keeps connections, and the one over which it was asked last. */
interface Keeping {
  readonly url: string;
  readonly bodies: readonly string[];
  readonly connections: readonly Socket[];
  /** Instead of an answer, from now on, for requests over a connection that was used before. */
  onReuse(instead: (socket: Socket) => void): void;
  close(): Promise<void>;
}

async function startKeeping(): Promise<Keeping> {
  const bodies: string[] = [];
  const connections: Socket[] = [];
  const used = new WeakSet<Socket>();
  let instead: ((socket: Socket) => void) | undefined;
  const server = http.createServer({ keepAliveTimeout: 60_000 }, async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    bodies.push(body);
    if (instead !== undefined && used.has(request.socket)) return instead(request.socket);
    used.add(request.socket);
    const { contentType, pieces } = answerWith(askedIn(request.url ?? "", body), "Hello.");
    response.writeHead(200, { "content-type": contentType }).end(pieces.join(""));
  });
  server.on("connection", (socket) => connections.push(socket.on("error", () => {})));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    connections,
    onReuse(next) {
      instead = next;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

let provider: Keeping;
let other: Keeping;
let gateway: Gateway;
let receipts: Receipt[];
const stores = () => createMemoryStores({ clock: systemClock }, { keep: 10 });
let kept: ReturnType<typeof stores>;

beforeEach(async () => {
  [provider, other, receipts, kept] = [await startKeeping(), await startKeeping(), [], stores()];
  const target = ({ url }: Keeping) => ({ provider: "openai" as const, apiKey: "sk-own", baseUrl: `${url}/v1` });
  const watch = { name: "receipts", open: () => ({ settle: (receipt: Receipt) => void receipts.push(receipt) }) };
  gateway = createGateway(
    {
      targets: { only: target(provider), other: target(other) },
      models: {
        single: { targets: [{ target: "only", model: "gpt-4.1-mini" }] },
        double: {
          targets: [
            { target: "only", model: "gpt-4.1-mini" },
            { target: "other", model: "gpt-4.1-mini" },
          ],
        },
      },
      access: { keys: [{ id: "web", hash: hashKey("psk_web"), team: "search" }] },
      budgets: [{ scope: { team: "search" }, limit: "$100", window: "total" }],
    },
    { log: silent, stores: kept, steps: [{ after: "tracing", step: watch }] },
  );
});
afterEach(async () => {
  await gateway.close(0);
  await provider.close();
  await other.close();
});

async function ask(model = "single"): Promise<number> {
  const answer = await gateway.fetch("https://api.openai.com/v1/chat/completions", {
    method: "POST",
    headers: { authorization: "Bearer psk_web", "content-type": "application/json" },
    body: JSON.stringify({ model, max_tokens: 100, messages: [{ role: "user", content: "hello" }] }),
  });
  await answer.text();
  // Until then the connection is not free for the next request.
  await new Promise(setImmediate);
  return answer.status;
}

/** What the budget has spent and holds. */
const money = async () => (await kept.counters.read(["team=search/total"]))[0];
const cost = (): bigint => receipts.reduce((sum, receipt) => sum + receipt.cost, 0n);

describe("a kept connection that the provider has closed", () => {
  it.each([
    ["closed", (socket: Socket) => socket.end()],
    ["reset", (socket: Socket) => socket.resetAndDestroy()],
  ])("%s between two calls costs neither: the second goes over a fresh one, once", async (_how, close) => {
    expect(await ask()).toBe(200);
    const [first] = provider.connections;
    // In the same turn, so that nobody here can have heard of it.
    if (first !== undefined) close(first);
    expect(await ask()).toBe(200);
    expect(provider.connections).toHaveLength(2);
    expect(provider.bodies).toHaveLength(2);
    expect(receipts.map(({ outcome, attempts }) => [outcome, attempts.length])).toEqual([
      ["answered", 1],
      ["answered", 1],
    ]);
    expect(await money()).toMatchObject({ spent: cost(), held: 0n });
  });

  it("is not noticed by a hundred calls, whenever that is", async () => {
    for (let call = 0; call < 100; call++) {
      expect([call, await ask(), receipts.at(-1)?.attempts[0]]).toEqual([call, 200, expect.anything()]);
      const last = provider.connections.at(-1);
      const turns = call % 5;
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
      if (call % 2 === 0) last?.end();
      else last?.resetAndDestroy();
    }
    expect(provider.bodies).toHaveLength(100);
    expect(receipts.every(({ attempts }) => attempts.length === 1)).toBe(true);
    expect(await money()).toMatchObject({ spent: cost(), held: 0n });
  });
});

describe("a kept connection that the provider closes once it has the request", () => {
  it("may have cost: the request is not made again, and is charged what it had reserved", async () => {
    expect(await ask()).toBe(200);
    provider.onReuse((socket) => socket.resetAndDestroy());
    expect(await ask()).toBe(502);
    expect(provider.bodies).toHaveLength(2);
    const [attempt] = receipts.at(-1)?.attempts ?? [];
    expect(attempt).toMatchObject({ sent: true, code: "upstream_broken" });
    expect(await money()).toMatchObject({ spent: cost(), held: 0n });
  });

  it("goes on to the next target, where there is one", async () => {
    expect(await ask("double")).toBe(200);
    provider.onReuse((socket) => socket.resetAndDestroy());
    expect(await ask("double")).toBe(200);
    expect([provider.bodies.length, other.bodies.length]).toEqual([2, 1]);
    expect(receipts.at(-1)?.attempts.map(({ target }) => target)).toEqual(["only", "other"]);
    expect(await money()).toMatchObject({ spent: cost(), held: 0n });
  });
});

it("a provider that resets every connection while it is made is tried twice and no more", async () => {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    // A handshake that is answered with a reset.
    socket.on("error", () => {}).once("data", () => socket.resetAndDestroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const timeouts = { connect: 20_000, firstByte: 20_000, idle: 20_000 };
  const upstream = createUpstream({ clock: systemClock });
  const exchange = upstream.exchange({ baseUrl: `https://127.0.0.1:${port}/v1`, timeouts });
  const failure = await new Promise((fail) => {
    const unheard = (): never => {
      throw new Error("there is no answer");
    };
    const request = { method: "POST", url: "/v1/chat/completions", headers: {}, body: Buffer.from("{}") };
    exchange(request, { head: unheard, data: unheard, end: unheard, fail });
  });
  expect(failure).toMatchObject({ code: "upstream_unreachable", detail: { cause: "ECONNRESET" } });
  expect(connections).toBe(2);
  await upstream.destroy();
  server.close();
});
