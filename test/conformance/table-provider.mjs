// Postern in front of a provider that says the same thing in either wire, whole or streamed as asked.
import { createServer } from "node:http";
import express from "express";
import { postern } from "../../dist/adapters/express.js";
import { createGateway, hashKey, silent } from "../../dist/src/index.js";
import { key, listen } from "./setup.mjs";
import { chatChunks, chatCompletion, message, messageEvents } from "./table-wires.mjs";

const errorBody = {
  openai: ({ message: text, type, code }) => ({ error: { message: text, type, param: null, code } }),
  anthropic: ({ message: text, type }) => ({ type: "error", error: { type, message: text }, request_id: "req_1" }),
};

function send(response, wire, body, said, turn) {
  if (said.error) {
    response.writeHead(said.error.status, { "content-type": "application/json", ...said.error.headers });
    response.end(JSON.stringify(errorBody[wire](said.error[wire])));
    return;
  }
  const asked = {
    model: body.model,
    said,
    turn,
    choices: body.n ?? 1,
    told: body.stream_options?.include_usage === true,
  };
  if (!body.stream) {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(wire === "openai" ? chatCompletion(asked) : message(asked)));
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const piece of wire === "openai" ? chatChunks(asked) : messageEvents(asked)) response.write(piece);
  response.end();
}

const config = (baseUrl) => ({
  targets: {
    openai: { provider: "openai", apiKey: "sk-test", baseUrl },
    anthropic: { provider: "anthropic", apiKey: "sk-ant-test", baseUrl },
  },
  models: {
    "on-openai": { targets: [{ target: "openai", model: "gpt-4.1-mini" }] },
    "on-anthropic": { targets: [{ target: "anthropic", model: "claude-sonnet-4-5" }] },
  },
  access: { keys: [{ id: "table", hash: hashKey(key), team: "table" }] },
});

/** `says(...)`: what the provider says in the next turns, each `{ text, calls, thinking, error }`. */
export async function startTable() {
  const requests = [];
  let turns = [];
  let turn = 0;
  const provider = createServer(async (request, response) => {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const body = JSON.parse(Buffer.concat(pieces).toString());
    const wire = request.url.endsWith("/messages") ? "anthropic" : "openai";
    requests.push({ wire, body, headers: request.headers });
    send(response, wire, body, turns.shift() ?? { text: "Nobody knows." }, ++turn);
  });
  const gateway = createGateway(config(`http://127.0.0.1:${await listen(provider)}/v1`), { log: silent });
  const app = express().use("/ai", postern(gateway));
  const server = createServer(app);
  const url = `http://127.0.0.1:${await listen(server)}/ai`;
  return {
    url,
    requests,
    gateway,
    says: (...next) => {
      turns = next;
      requests.length = 0;
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
