// An Express app with Postern in it, in front of a provider that replays recorded wire formats; both on loopback.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import express from "express";
import { postern } from "../../dist/adapters/express.js";
import { answerWith, askedIn } from "../../dist/adapters/testing-wire.js";
import { createGateway, hashKey, silent } from "../../dist/src/index.js";

export const key = "psk_conformance";
export const email = "maria.lopez@example.com";
export const fixture = (path) => readFileSync(new URL(`../fixtures/${path}`, import.meta.url));

/** Replays a recorded stream, cut into pieces of `size` bytes. */
export const replay = (path, size = 7) => ({ type: "text/event-stream", bytes: fixture(path), size });
export const body = (path) => ({ type: "application/json", bytes: fixture(path), size: 1 << 20 });

export async function listen(server) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server.address().port;
}

function send(response, { status = 200, type, bytes, size, breaks = false }) {
  response.writeHead(status, { "content-type": type });
  for (let start = 0; start < bytes.length; start += size) response.write(bytes.subarray(start, start + size));
  if (breaks) setTimeout(() => response.destroy(), 20);
  else response.end();
}

function inOrder(first, models) {
  const targets = Object.entries(models).map(([target, model]) => ({ target, model }));
  return { targets: targets.sort((a, b) => Number(b.target === first) - Number(a.target === first)) };
}

/** @param first the target that an alias tries first: it speaks the wire that is tested, so that nothing is translated */
export async function start(first, overrides = {}) {
  const requests = [];
  let answer;
  const provider = createServer(async (request, response) => {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const text = Buffer.concat(pieces).toString();
    requests.push({ url: request.url, headers: request.headers, body: text });
    if (answer !== undefined) return send(response, answer);
    if (request.url.includes("count_tokens"))
      return send(response, { type: "application/json", bytes: Buffer.from('{"input_tokens":14}'), size: 99 });
    const asked = askedIn(request.url, text);
    const { contentType, pieces: out } = answerWith(asked, `You are [EMAIL_1], and you wrote: ${asked.text}`);
    return send(response, { type: contentType, bytes: Buffer.from(out.join("")), size: 7 });
  });
  const port = await listen(provider);
  const upstream = overrides.upstream ?? `http://127.0.0.1:${port}/v1`;
  const gateway = createGateway(
    {
      targets: {
        openai: { provider: "openai", apiKey: "sk-test", baseUrl: upstream },
        claude: { provider: "anthropic", apiKey: "sk-ant-test", baseUrl: upstream },
      },
      models: {
        fast: inOrder(first, { openai: "gpt-5-mini", claude: "claude-haiku-4-5" }),
        dear: inOrder(first, { openai: "gpt-5", claude: "claude-opus-4-5" }),
      },
      access: {
        keys: [
          { id: "test", hash: hashKey(key), team: "test" },
          { id: "poor", hash: hashKey("psk_poor"), team: "poor" },
        ],
      },
      budgets: [
        { scope: { team: "test" }, limit: "$100" },
        { scope: { team: "poor" }, limit: "$0.000001" },
      ],
    },
    { log: silent },
  );
  const app = express();
  let calls = 0;
  app.use((_request, _response, next) => {
    calls++;
    next();
  });
  app.use("/ai", postern(gateway));
  const server = createServer(app);
  const appPort = await listen(server);
  return {
    url: `http://127.0.0.1:${appPort}/ai`,
    requests,
    gateway,
    get calls() {
      return calls;
    },
    /** `undefined`: repeat what was asked. */
    answer: (next) => {
      answer = next;
    },
    async close() {
      await gateway.close(500);
      for (const each of [server, provider]) {
        each.closeAllConnections();
        each.close();
      }
    },
  };
}
