// An app that runs http-proxy-middleware: Postern stands inside it, and files pass by, uninspected, since the config says so.
//   node examples/run.mjs http-proxy-middleware
import { createServer } from "node:http";
import express from "express";
import { createProxyMiddleware } from "http-proxy-middleware";
import OpenAI from "openai";
import { postern } from "../../adapters/proxy/proxy.ts"; // "postern/proxy" in your own project
import { answerWith, askedIn } from "../../adapters/testing-wire.ts";
import { createGateway, createKey } from "../../src/index.ts"; // "postern"
import { listen, show, shut } from "../story.ts";

// Its provider is scripted: the first place is down, the second says what it is told, and both keep files.
const received: string[] = [];
const provider = createServer(async (request, response) => {
  let body = "";
  for await (const piece of request) body += piece;
  const { url = "", headers } = request;
  received.push(`${url} ${headers.authorization} ${body.replaceAll("\r\n", " ")}`);
  response.setHeader("content-type", "application/json");
  if (url.endsWith("/files")) return response.end(JSON.stringify({ id: "file-1", object: "file" }));
  if (url.startsWith("/first")) return response.writeHead(503).end("{}");
  const asked = askedIn(url, body);
  const { contentType, pieces } = answerWith(asked, asked.text);
  response.setHeader("content-type", contentType);
  for (const piece of pieces) response.write(piece);
  return response.end();
});
const providerUrl = await listen(provider);

const { key, hash } = createKey();
const gateway = createGateway({
  targets: {
    first: { provider: "openai", apiKey: "sk-first", baseUrl: `${providerUrl}/first/v1` },
    second: { provider: "openai", apiKey: "sk-second", baseUrl: `${providerUrl}/second/v1` },
  },
  models: { fast: { targets: [{ target: "first" }, { target: "second" }] } },
  access: { keys: [{ id: "app", hash }] },
  passThrough: [{ path: "/v1/files", target: "first" }],
});

const app = express();
app.use("/ai", createProxyMiddleware(postern(gateway)));
const server = createServer(app);
const url = await listen(server);

const openai = new OpenAI({ baseURL: `${url}/ai/v1`, apiKey: key });
const question = "I am maria.lopez@example.com.";
const stream = await openai.chat.completions.create({
  model: "fast",
  stream: true,
  messages: [{ role: "user", content: question }],
});
let said = "";
for await (const chunk of stream) said += chunk.choices[0]?.delta.content ?? "";
const file = await openai.files.create({ purpose: "batch", file: new File([question], "notes.jsonl") });

show("the caller sends", question);
for (const [index, each] of received.entries()) show(`request ${index + 1}`, each.replaceAll(/formdata-\S+/g, "…"));
show("the caller got, put together from its stream", said);
show("the file, which nobody inspected", file.id);

await shut(server);
await gateway.close();
await shut(provider);
