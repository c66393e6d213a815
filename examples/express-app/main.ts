// An Express app with Postern below /ai, and a route of its own that asks a model through it.
//   node examples/run.mjs express-app
import { createServer } from "node:http";
import express from "express";
import OpenAI from "openai";
import { postern } from "../../adapters/express.ts"; // "postern/express" in your own project
import { createTestGateway } from "../../adapters/testing.ts"; // "postern/testing"
import { listen, show, shut } from "../story.ts";

// Its providers are scripted and say what they are told. With real ones: postern({ targets: { openai: { provider: "openai", apiKey: … } } })
const test = createTestGateway();

const app = express();
app.use(express.json());
app.use("/ai", postern(test.gateway));
app.post("/support", async (request, response) => {
  const messages = [{ role: "user" as const, content: String(request.body.question) }];
  const answer = await openai.chat.completions.create({ model: "gpt-5-mini", messages });
  response.json({ answer: answer.choices[0]?.message.content });
});

const server = createServer(app);
const url = await listen(server);
// Other programs reach the gateway at the same address.
const openai = new OpenAI({ baseURL: `${url}/ai/v1`, apiKey: "sk-yours" });

const question = "Where is my order? I am maria.lopez@example.com.";
const answer = await fetch(`${url}/support`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ question }),
});
show("the customer wrote", question);
show("the provider received", test.requests[0]?.body ?? "nothing");
show("the customer got", await answer.text());
show("hidden", test.receipts[0]?.findings.map(({ type, count }) => `${type} × ${count}`).join(", ") ?? "");

await shut(server);
await test.close();
