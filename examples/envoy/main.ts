import OpenAI from "openai";
import { createExternalProcessor, type EnvoyMode } from "../../adapters/envoy/envoy.ts";
import { toEnvoyBootstrap } from "../../adapters/envoy-bootstrap/bootstrap.ts";
import { type ConfigInput, hashKey } from "../../src/index.ts";
import { freePort, runEnvoy } from "./envoy.ts";
import { startProvider } from "./provider.ts";

const key = "psk_example";
const prompt = "Write to Maria at maria.lopez@example.com and refund IBAN DE89 3704 0044 0532 0130 00.";

const configFor = (provider: string): ConfigInput => ({
  targets: { openai: { provider: "openai", apiKey: "sk-scripted", baseUrl: `${provider}/v1` } },
  models: { fast: { targets: [{ target: "openai", model: "gpt-5-mini" }] } },
  access: { keys: [{ id: "example", hash: hashKey(key), team: "search" }] },
  budgets: [{ scope: { team: "search" }, limit: "$1", window: "day" }],
});

const show = (label: string, text: string): void => {
  process.stdout.write(`\n${label}\n  ${text}\n`);
};

async function ask(url: string): Promise<string> {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
  const messages = [{ role: "user" as const, content: prompt }];
  let text = "";
  for await (const { choices } of await client.chat.completions.create({ model: "fast", messages, stream: true }))
    text += choices[0]?.delta.content ?? "";
  return text;
}

/** Caller → Envoy → provider, with a processor beside Envoy. */
async function run(mode: EnvoyMode): Promise<void> {
  const provider = await startProvider();
  const config = configFor(provider.url);
  const processor = createExternalProcessor(config, { mode, listen: "127.0.0.1:0" });
  const [port, adminPort] = [await freePort(), await freePort()];
  const bootstrap = toEnvoyBootstrap(config, {
    mode,
    processor: await processor.listen(),
    listener: `127.0.0.1:${port}`,
    admin: `127.0.0.1:${adminPort}`,
  });
  const lines: string[] = [];
  const stop = await runEnvoy(bootstrap, port, (line) => lines.push(line));
  show("The caller sent, through Envoy:", prompt);
  const answer = await ask(`http://127.0.0.1:${port}`);
  for (const body of provider.received) show("The provider received:", body);
  show("The caller got back:", answer);
  await stop();
  for (const line of lines) show("Envoy's access log says:", line);
  await processor.close(0);
  provider.close();
}

const [word = "terminate"] = process.argv.slice(2);
if (word === "terminate" || word === "transform") await run(word);
else {
  process.stderr.write("npm run envoy:example -- terminate|transform\n");
  process.exitCode = 1;
}
