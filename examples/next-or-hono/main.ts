// A web-standard handler, as Next's route handlers, Hono and others have it, behind twenty lines of `node:http` instead of a framework.
//   node examples/run.mjs next-or-hono
import { createServer } from "node:http";
import { Readable } from "node:stream";
import OpenAI from "openai";
import { listen, show, shut } from "../story.ts";
import { handler, test } from "./handler.ts";

/** What a framework does with a handler. */
const server = createServer(async (incoming, outgoing) => {
  const gone = new AbortController();
  outgoing.on("close", () => gone.abort());
  const { method = "GET", url = "/", headers } = incoming;
  const request = new Request(`http://${headers.host}${url}`, {
    method,
    headers: headers as Record<string, string>,
    ...(method !== "GET" && { body: Readable.toWeb(incoming) as ReadableStream<Uint8Array>, duplex: "half" as const }),
    signal: gone.signal,
  });
  const answer = await handler(request);
  outgoing.writeHead(answer.status, Object.fromEntries(answer.headers));
  // A caller that leaves ends the loop, and the handler hears of it by the signal.
  for await (const piece of answer.body ?? []) if (!outgoing.destroyed) outgoing.write(piece);
  outgoing.end();
});

const url = await listen(server);
const openai = new OpenAI({ baseURL: `${url}/api/ai/v1`, apiKey: "sk-yours" });
const content = "Call me at +34 612 34 56 78.";
show("the caller sends", content);
let text = "";
const messages = [{ role: "user" as const, content }];
for await (const chunk of await openai.chat.completions.create({ model: "gpt-5-mini", stream: true, messages }))
  text += chunk.choices[0]?.delta.content ?? "";
show("the provider received", test.requests[0]?.body ?? "nothing");
show("the caller got, put together from its stream", text);

await shut(server);
await test.close();
