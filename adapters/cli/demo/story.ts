import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import express from "express";
import OpenAI, { APIError } from "openai";
import { type CallRecord, createGateway, type Gateway, silent } from "../../../src/index.ts";
import { postern } from "../../express.ts";
import { demoKey, realConfig, scriptedConfig, trialKey } from "./config.ts";
import { dollars, heading, show } from "./print.ts";

const prompt = `Write to Maria at maria.lopez@example.com or +34 612 34 56 78, and refund IBAN DE89 3704 0044 0532 0130 00.`;

interface Received {
  readonly method: string;
  readonly url: string;
  readonly body: string;
}

interface Providers {
  readonly child: ChildProcess;
  readonly port: number;
}

/** The scripted providers run in a process of their own: what it reports is what really left. */
async function startProviders(received: Received[]): Promise<Providers> {
  const child = fork(new URL("./providers.js", import.meta.url));
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  child.on("message", (message) => received.push(message as Received));
  return { child, port };
}

async function streamedChat(client: OpenAI, model: string): Promise<string> {
  const stream = await client.chat.completions.create({
    model,
    stream: true,
    messages: [{ role: "user", content: prompt }],
  });
  let text = "";
  for await (const chunk of stream) {
    const piece = chunk.choices[0]?.delta.content ?? "";
    text += piece;
    process.stdout.write(piece);
  }
  process.stdout.write("\n");
  return text;
}

async function lastRecord(gateway: Gateway): Promise<CallRecord | undefined> {
  const [record] = await gateway.records(1);
  return record;
}

function showReceipt(record: CallRecord | undefined): void {
  if (record === undefined) return;
  const { receipt } = record;
  const hidden = receipt.findings.map(({ type, count }) => `${type} × ${count}`).join(", ");
  show(
    "attempts",
    receipt.attempts
      .map(({ target, result, status }) => `${target}: ${result}${status ? ` (${status})` : ""}`)
      .join(" → "),
  );
  show("hidden", hidden === "" ? "nothing" : hidden);
  show("tokens", `${receipt.usage.input} in, ${receipt.usage.output} out`);
  show("cost", dollars(receipt.cost));
  if (receipt.budget !== undefined)
    show("left while it ran", `${dollars(receipt.budget.left)} of ${receipt.budget.name}`);
  show("call", receipt.id);
}

async function refusedChat(client: OpenAI): Promise<void> {
  try {
    await client.chat.completions.create({ model: "fast", messages: [{ role: "user", content: prompt }] });
  } catch (cause) {
    if (!(cause instanceof APIError)) throw cause;
    show("the SDK throws", `${cause.status} ${cause.code}: ${cause.message}`);
  }
}

interface Scene {
  readonly gateway: Gateway;
  readonly received: Received[];
  readonly baseURL: string;
}

/** One streamed call, told from both ends. */
async function tell({ gateway, received, baseURL }: Scene, model: string): Promise<void> {
  const client = new OpenAI({ baseURL, apiKey: demoKey });
  show("the caller sent", prompt);
  process.stdout.write("  the caller got back, as it arrives:\n    ");
  await streamedChat(client, model);
  for (const { url, body } of received.splice(0)) show(`the provider received at ${url}`, body);
  showReceipt(await lastRecord(gateway));
}

async function tellAll(scene: Scene): Promise<void> {
  heading("1. A streamed chat through the official SDK");
  await tell(scene, "fast");
  heading("2. The first target is down: the next one answers, and the caller does not notice");
  await tell(scene, "resilient");
  heading("3. A budget of $0.000001 refuses before anything is sent");
  await refusedChat(new OpenAI({ baseURL: scene.baseURL, apiKey: trialKey }));
  show("requests that reached the provider", String(scene.received.length));
}

const invitation = (origin: string): string => `
Postern stays up on ${origin}/ai. Try it (Ctrl-C ends it):

curl -N ${origin}/ai/v1/chat/completions -H "authorization: Bearer ${demoKey}" -H "content-type: application/json" \\
  -d '{"model":"fast","stream":true,"messages":[{"role":"user","content":"My card is 4111 1111 1111 1111."}]}'
`;

const stopping = (): Promise<unknown> =>
  new Promise((resolve) => {
    process.on("SIGTERM", resolve).on("SIGINT", resolve);
  });

/**
 * Three calls through an Express app on loopback, told from both ends; then it stays up until it is stopped.
 * @param real with the providers whose keys the environment holds; throws an `Error` where it holds none
 */
export async function tellStory({ real, port }: { readonly real: boolean; readonly port: number }): Promise<void> {
  const stop = stopping();
  const received: Received[] = [];
  const providers = real ? undefined : await startProviders(received);
  const config = providers ? scriptedConfig(providers.port) : realConfig(process.env);
  if (config === undefined) throw new Error("--real needs OPENAI_API_KEY in the environment");
  const gateway = createGateway(config, { log: silent });
  const app = express();
  app.use("/ai", postern(gateway));
  const server = app.listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await tellAll({ gateway, received, baseURL: `${origin}/ai/v1` });
    process.stdout.write(invitation(origin));
    await stop;
  } finally {
    server.close();
    server.closeAllConnections();
    await gateway.close(0);
    // A terminal interrupts the providers too.
    if (providers?.child.connected) providers.child.disconnect();
  }
}
