import { openSync, writeSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { createTestGateway, type ProviderRequest, type ScriptedAnswer } from "../../../adapters/testing.ts";
import { systemClock as clock } from "../../../src/engine/clock.ts";
import type { OwnStep } from "../../../src/gateway.ts";
import { createSqliteStores } from "../../../src/stores/sqlite.ts";

/**
 * A gateway under load that is to be killed. Its provider notes on a file of its own, with each piece that it sends, what the attempt has
 * cost by then: `<ledger id> <pico-dollars> <is that all>`.
 */
const [, , path = "", worker = "", notes = ""] = process.argv;
const log = { debug() {}, info() {}, warn() {}, error() {} };
const stores = createSqliteStores({ path, clock, log, worker: pathToFileURL(worker) });
await stores.ready;

const micro = 1_000_000n;
const model = "gpt-4.1-mini";
const prompt = 40;
const file = openSync(notes, "a");
const note = (id: string, output: number, final: boolean): void => {
  writeSync(file, `${id} ${BigInt(prompt) * micro + BigInt(output) * 10n * micro} ${final}\n`);
};
const pause = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 1 + Math.random() * 3));
const usage = (output: number): object => ({
  prompt_tokens: prompt,
  completion_tokens: output,
  total_tokens: prompt + output,
});
const event = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;
const choice = (fields: object): object => ({ choices: [{ index: 0, ...fields }] });

async function* whole(id: string, limit: number): AsyncGenerator<string> {
  const output = Math.ceil(Math.random() * limit);
  note(id, output, true);
  await pause();
  const message = { role: "assistant", content: "a".repeat(output) };
  yield JSON.stringify({ model, ...choice({ message, finish_reason: "stop" }), usage: usage(output) });
}

/** Grows beyond the first reservation (4 KB of text). */
async function* stream(id: string): AsyncGenerator<string> {
  const pieces = Math.ceil(Math.random() * 40);
  for (let piece = 1; piece <= pieces; piece++) {
    await pause();
    note(id, piece * 100, false);
    yield event({ model, ...choice({ delta: { content: "stream".repeat(50) } }) });
  }
  note(id, pieces * 100, true);
  yield event({ model, ...choice({ delta: {}, finish_reason: "stop" }) });
  yield event({ model, choices: [], usage: usage(pieces * 100) });
  yield "data: [DONE]\n\n";
}

function provider({ headers, body }: ProviderRequest): ScriptedAnswer {
  const id = String(headers["x-ledger-id"]);
  const asked = JSON.parse(body) as { readonly stream?: boolean; readonly max_tokens: number };
  note(id, 0, false);
  if (asked.stream) return { headers: { "content-type": "text/event-stream" }, pieces: stream(id) };
  return { headers: { "content-type": "application/json" }, pieces: whole(id, asked.max_tokens) };
}

/** Stands after the budgets: when it is asked, the reservation has to be on file. */
const named: OwnStep = {
  after: "tracing",
  step: {
    name: "ledger-id",
    open: (call) => ({ attempt: (attempt) => attempt.header("x-ledger-id", `${call.id}/${attempt.number}`) }),
  },
};
const test = createTestGateway(
  {
    targets: { openai: { provider: "openai" } },
    models: { [model]: { targets: [{ target: "openai" }] } },
    prices: { [model]: { input: "$1", output: "$10" } },
    budgets: [
      { limit: "$1000", window: "total" },
      { limit: "$1000", window: "month" },
    ],
  },
  { stores, clock, log, steps: [named] },
);
test.answer(provider);
await test.gateway.ready;

const warm = 10;
let answered = 0;

async function caller(): Promise<void> {
  for (let number = 0; ; number++) {
    const stream = number % 2 === 1;
    const body = { model, stream, max_tokens: stream ? 50_000 : 1_000, messages: [{ role: "user", content: "hello" }] };
    const answer = await test.fetch("https://api.openai.com/v1/chat/completions", {
      method: "POST",
      headers: { authorization: "Bearer sk-own", "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    if (++answered === warm) process.stdout.write("warm\n");
    if (answer.status !== 200) throw new Error(`${answer.status} ${text}`);
  }
}
await Promise.all(Array.from({ length: 16 }, caller));
