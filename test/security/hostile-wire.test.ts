import { createServer, type Server } from "node:http";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { toNodeHandler } from "../../adapters/node.ts";
import type { TestGateway } from "../../adapters/testing.ts";
import {
  createHostileGateway,
  expectAlive,
  marker,
  openai,
  push,
  refusalIn,
  type Wire,
  wires,
} from "./hostile-scene.ts";
import { type Answer, dial, pour } from "./hostile-sockets.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

let test: TestGateway;
let server: Server;

beforeAll(async () => {
  test = createHostileGateway();
  // Node's own bound is a quarter of the engine's, which is the one under test.
  server = createServer({ maxHeaderSize: 1_048_576 }, toNodeHandler(test.gateway));
  server.maxHeadersCount = 0;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await test.close();
});

const headOf = (wire: Wire, lines: readonly string[], target = wire.url, method = "POST"): string =>
  [
    `${method} ${target} HTTP/1.1`,
    "host: gateway",
    ...Object.entries(wire.headers).map(([name, value]) => `${name}: ${value}`),
    ...lines,
    "\r\n",
  ].join("\r\n");

async function answerTo(...bytes: readonly (string | Uint8Array)[]): Promise<Answer | undefined> {
  const { socket, answer } = dial(server);
  for (const piece of bytes) socket.write(piece);
  const [first] = await answer();
  socket.destroy();
  return first;
}

const valid = JSON.stringify(openai.body);
const sized = (body: string): string => `content-length: ${Buffer.byteLength(body)}`;

describe.each(wires)("a body of 100 MB for $name", (wire) => {
  it("that is declared is refused unread, and a caller who is still writing can read why", async () => {
    const sent = test.requests.length;
    const { socket, answer } = dial(server);
    socket.write(headOf(wire, ["content-length: 104857600"]));
    const pouring = pour(socket, Buffer.alloc(65_536, marker), 20);
    const [refused] = await answer();
    expect(refusalIn(refused as Answer, wire)).toBe("body_too_large");
    await pouring;
    socket.destroy();
    expect(test.requests).toHaveLength(sent);
    await expectAlive(test, wire);
  });

  it("is refused readably even for a caller who looks only once it has written 20 MB", async () => {
    const { socket, answer } = dial(server);
    socket.pause();
    socket.write(headOf(wire, ["content-length: 20971521"]));
    await pour(socket, Buffer.alloc(65_536, marker), 320);
    expect(socket.destroyed).toBe(false);
    socket.resume();
    const [refused] = await answer();
    expect(refusalIn(refused as Answer, wire)).toBe("body_too_large");
    socket.destroy();
  });

  it("that is streamed is refused at the limit, and never stands in memory", async () => {
    const held = (): number => process.memoryUsage().arrayBuffers;
    const { socket, answer } = dial(server);
    socket.write(headOf(wire, ["transfer-encoding: chunked"]));
    const before = held();
    let most = 0;
    const chunk = Buffer.concat([Buffer.from("10000\r\n"), Buffer.alloc(65_536, marker), Buffer.from("\r\n")]);
    const watch = setInterval(() => {
      // What nobody holds any more does not count, collected or not.
      collectGarbage();
      most = Math.max(most, held() - before);
    }, 100);
    const pouring = pour(socket, chunk, 1_600);
    const [refused] = await answer();
    expect(refusalIn(refused as Answer, wire)).toBe("body_too_large");
    await pouring;
    clearInterval(watch);
    // Really sent: a busy machine may look at the memory too seldom to see its height.
    expect(socket.bytesWritten).toBeGreaterThan(5_000_000);
    socket.destroy();
    expect(most).toBeLessThan(60_000_000);
    await expectAlive(test, wire);
    // Full collections take their time on a busy machine.
  }, 180_000);
});

it("a body in a million pieces of one byte takes the memory of its bytes, not of its pieces", async () => {
  const body = `${valid.slice(0, -1)},"pad":"${" ".repeat(1_000_000)}"}`;
  let grown = 0;
  async function* pieces(): AsyncGenerator<Uint8Array> {
    collectGarbage();
    const before = process.memoryUsage();
    for (let at = 0; at < body.length; at++) yield Buffer.from(body.slice(at, at + 1));
    collectGarbage();
    const after = process.memoryUsage();
    grown = after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers;
  }
  expect(await push(test, { url: openai.url, headers: openai.headers, body: pieces() })).toMatchObject({ status: 200 });
  expect(test.requests.at(-1)?.body).toBe(body);
  expect(grown).toBeLessThan(20_000_000);
});

describe("a bomb of headers", () => {
  const lines = (count: number, value: string): string[] =>
    Array.from({ length: count }, (_, index) => `x-${index}: ${value}`);

  it.each(wires)("for $name: too many, too large, one too large, one many times", async (wire) => {
    const bombs = [
      lines(201, marker),
      lines(100, marker.repeat(60)),
      [`x-one: ${marker.repeat(5_000)}`],
      Array.from({ length: 9_000 }, () => `x-same: ${marker}`),
      [`cookie: ${marker.repeat(5_000)}`],
      [`traceparent: ${marker.repeat(5_000)}`],
    ];
    for (const bomb of bombs) {
      const refused = await answerTo(headOf(wire, [...bomb, sized(valid)]), valid);
      expect(refusalIn(refused as Answer, wire)).toBe("headers_too_large");
    }
    await expectAlive(test, wire);
  });

  it.each(wires)("for $name: a URL of 100 KB", async (wire) => {
    const target = `${wire.url}?${"a=1&".repeat(25_000)}${marker}`;
    const refused = await answerTo(headOf(wire, [sized(valid)], target), valid);
    expect(refusalIn(refused as Answer, wire)).toBe("headers_too_large");
  });

  it("is cut by Node itself at its own bound, before there is a request", async () => {
    const refused = await answerTo(headOf(openai, [`x-one: ${"z".repeat(1_100_000)}`]));
    expect(refused?.status).toBe(431);
    await expectAlive(test, openai);
  });
});

describe("an absurd URL", () => {
  it.each([
    ["a path out of the folder", "/v1/models/..%2f..%2fadmin", [200]],
    ["the parent folder as a model", "/v1/models/..", [400]],
    ["the parent folder, encoded", "/v1/models/%2e%2e", [400]],
    ["half an escape", "/v1/models/%e2%82", [400]],
    ["a bare percent sign", "/v1/models/%", [400]],
    ["half an escape in the query", "/v1/models?a=%", [400]],
    ["another host", "//evil.example/v1/models", [403, 404]],
    ["a whole URL of another host", "http://evil.example/v1/models", [403, 404]],
    ["an asterisk", "*", [400, 403, 404]],
    ["a path above", "/v1/models/../../admin", [200, 400, 403, 404]],
    ["a hundred slashes", "/".repeat(100), [403, 404]],
    ["brackets and quotes", `/v1/"{${marker}}'<>`, [403, 404]],
  ])("%s reaches nothing that it should not", async (_name, target, statuses) => {
    for (const wire of wires) {
      const sent = test.requests.length;
      const heard = (await answerTo(headOf(wire, [], target, "GET"))) as Answer;
      expect(statuses).toContain(heard.status);
      if (heard.status !== 200) refusalIn(heard, wire);
      const base = `https://api.${wire.name}.com/v1/models`;
      for (const { url } of test.requests.slice(sent)) {
        expect(new URL(url).href).toBe(url);
        expect(url === base || url.startsWith(`${base}/`)).toBe(true);
      }
      await expectAlive(test, wire);
    }
  });
});

describe("two readings of where a request ends", () => {
  const hidden = `POST ${openai.url} HTTP/1.1\r\nhost: gateway\r\n${sized(valid)}\r\n\r\n${valid}`;
  const chunked = `${valid.length.toString(16)}\r\n${valid}\r\n0\r\n\r\n`;
  it.each([
    ["a length and chunks", ["content-length: 4", "transfer-encoding: chunked"], `0\r\n\r\n${hidden}`],
    ["chunks and a length", ["transfer-encoding: chunked", "content-length: 4"], `0\r\n\r\n${hidden}`],
    ["two lengths", [sized(valid), "content-length: 4"], valid],
    ["a length with a sign", [`content-length: +${valid.length}`], valid],
    ["a length below zero", ["content-length: -1"], valid],
    ["a length in hexadecimal", [`content-length: 0x${valid.length.toString(16)}`], valid],
    ["a length of many digits", [`content-length: ${"9".repeat(40)}`], valid],
    ["chunks that are not last", ["transfer-encoding: chunked, identity"], chunked],
    ["a space before the colon", ["transfer-encoding : chunked"], chunked],
    ["a folded header", ["x-a: b\r\n transfer-encoding: chunked"], chunked],
    ["a size of a chunk that is no number", ["transfer-encoding: chunked"], `g\r\n${valid}\r\n0\r\n\r\n`],
    ["a chunk longer than its size", ["transfer-encoding: chunked"], `2\r\n${valid}\r\n0\r\n\r\n`],
    ["a NUL in a header", [`x-a: b\0${marker}`, sized(valid)], valid],
    ["a bare carriage return in a header", [`x-a: b\rx-c: ${marker}`, sized(valid)], valid],
  ])("%s is refused, and nothing behind it is taken for a request", async (_name, lines, body) => {
    const sent = test.requests.length;
    const { socket, answer } = dial(server);
    socket.write(Buffer.from(headOf(openai, lines) + body, "latin1"));
    const answers = await answer(2);
    socket.destroy();
    expect(answers.map(({ status }) => status)).toEqual([400]);
    expect(answers[0]?.body).not.toContain(marker);
    expect(test.requests).toHaveLength(sent);
    await expectAlive(test, openai);
  });

  it("a refused body is not taken for the next request on its connection", async () => {
    const sent = test.requests.length;
    const { socket, answer } = dial(server);
    socket.write(headOf(openai, ["content-encoding: gzip", sized(hidden)]) + hidden);
    const answers = await answer(2);
    expect(answers.map((each) => refusalIn(each, openai))).toEqual(["unsupported_media_type"]);
    expect(test.requests).toHaveLength(sent);
  });
});

describe("a caller who leaves in the middle", () => {
  it.each([
    ["of a declared body", `${headOf(openai, [sized(valid)])}${valid.slice(0, 20)}`],
    ["of a chunk", `${headOf(openai, ["transfer-encoding: chunked"])}ff\r\n{"model":`],
    ["of a character", Buffer.concat([Buffer.from(headOf(openai, ["content-length: 99"])), Buffer.of(0x22, 0xe2)])],
  ])("%s is settled as gone, and nothing is sent for it", async (_name, bytes) => {
    const sent = test.requests.length;
    const settled = test.receipts.length;
    const { socket } = dial(server);
    const handled = new Promise((resolve) => server.once("request", resolve));
    socket.write(bytes);
    await handled;
    socket.destroy();
    while (test.receipts.length === settled) await new Promise(setImmediate);
    expect(test.receipts.at(-1)).toMatchObject({ outcome: "aborted", code: "call_aborted", attempts: [] });
    expect(test.requests).toHaveLength(sent);
    await expectAlive(test, openai);
  });
});
