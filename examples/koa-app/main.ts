// A Koa app in which Postern is one middleware, and a streamed answer goes through it word by word.
//   node examples/run.mjs koa-app
import { createServer } from "node:http";
import Anthropic from "@anthropic-ai/sdk";
import Koa from "koa";
import { postern } from "../../adapters/koa.ts"; // "postern/koa" in your own project
import { createTestGateway } from "../../adapters/testing.ts"; // "postern/testing"
import { listen, show, shut } from "../story.ts";

// Its providers are scripted and say what they are told. With real ones: postern({ targets: { claude: { provider: "anthropic", apiKey: … } } })
const test = createTestGateway();

const app = new Koa();
app.use(async (context, next) => {
  await next();
  // The caller has its whole answer by now, so this is where an app's own log or timer goes.
  show("the app's log", `${context.method} ${context.path}`);
});
app.use(postern(test.gateway));
app.use((context) => {
  context.body = "the rest of the app";
});

const server = createServer(app.callback());
const url = await listen(server);
const anthropic = new Anthropic({ baseURL: url, apiKey: "sk-ant-yours" });

const content = "Refund IBAN DE89 3704 0044 0532 0130 00, please.";
show("the caller sends", content);
const ask = { model: "claude-haiku-4-5", max_tokens: 99, messages: [{ role: "user" as const, content }] };
const answer = await anthropic.messages.stream(ask).finalText();
show("the provider received", test.requests[0]?.body ?? "nothing");
show("the caller got, put together from its stream", answer);
show("at another path", await (await fetch(`${url}/about`)).text());

await shut(server);
await test.close();
