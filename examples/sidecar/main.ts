// A gateway as a process of its own, and a program that knows nothing of it but an address and a key.
//   node examples/run.mjs sidecar
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import OpenAI, { APIError } from "openai";
import { createKey } from "../../src/index.ts"; // "postern" in your own project, or `npx postern keys create`
import { listen, show, shut } from "../story.ts";
import { provider } from "./provider.ts";

const received: string[] = [];
const upstream = provider(received);
const { key, hash } = createKey();

const folder = mkdtempSync(join(tmpdir(), "postern-sidecar-"));
const config = join(folder, "postern.yaml");
writeFileSync(
  config,
  `targets:
  openai: { provider: openai, apiKey: env:OPENAI_API_KEY, baseUrl: "${await listen(upstream)}/v1" }
models:
  fast: { targets: [ { target: openai, model: gpt-5-mini } ] }
access:
  keys: [ { id: shop, hash: "${hash}", team: shop } ]
budgets:
  - { scope: { team: shop }, limit: "$20", window: day }
`,
);

// In your own project: npx postern serve --config postern.yaml --port 8787
const postern = fileURLToPath(new URL("./postern.mjs", import.meta.url));
const sidecar = spawn(process.execPath, [postern, "serve", "--config", config, "--port", "0"], {
  // The provider's key is known to the sidecar alone.
  env: { ...process.env, OPENAI_API_KEY: "sk-scripted" },
  stdio: ["ignore", "ignore", "pipe"],
});
let address: string | undefined;
for await (const line of createInterface(sidecar.stderr)) {
  address = /"address":"([^"]+)"/.exec(line)?.[1];
  if (address !== undefined) break;
}
sidecar.stderr.resume();

process.env.OPENAI_BASE_URL = `http://${address}/v1`;
process.env.OPENAI_API_KEY = key;
const openai = new OpenAI();
const content = "I am maria.lopez@example.com.";
show("the program sends", content);
const answer = await openai.chat.completions.create({ model: "fast", messages: [{ role: "user", content }] });
show("the provider received", received[0] ?? "nothing");
show("the program got", answer.choices[0]?.message.content ?? "nothing");
try {
  await new OpenAI({ apiKey: "psk_stranger" }).models.list();
} catch (refusal) {
  if (!(refusal instanceof APIError)) throw refusal;
  show("with another key", `${refusal.status} ${refusal.code}`);
}

sidecar.kill("SIGTERM");
const [code] = await once(sidecar, "exit");
show("the sidecar ended with", String(code));
await shut(upstream);
rmSync(folder, { recursive: true });
