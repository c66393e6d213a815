import type { Script } from "../../../adapters/testing.ts";
import type { ConfigInput } from "../../../src/index.ts";
import { buildProgram } from "../../adapters/cli/program.ts";
import { chunk, until } from "../../adapters/scene.ts";
import { type LoopbackProvider, startProvider } from "../../doubles/provider.ts";
import { placeSidecar, type ServedSidecar, type SidecarPlace, serveSidecar } from "../../security/sidecar-scene.ts";
import { isSettled, killsOr, ledgerOf, reopen, sum } from "./kill-scene.ts";
import { createScene } from "./scene.ts";

const kills = killsOr(3);
const underLoad = 300;
const lanes = 12;
const model = "gpt-4.1-mini";
const usage = { prompt_tokens: 40, completion_tokens: 100, total_tokens: 140 };
/** What each call costs by the provider's count, in pico-dollars. */
const cost = 40n * 1_000_000n + 100n * 10_000_000n;

const scene = createScene();
const program = buildProgram();
afterAll(() => program.remove());
let provider: LoopbackProvider;
beforeAll(async () => {
  provider = await startProvider();
  provider.answer(answer);
});
afterAll(() => provider.close());

async function* slowly(pieces: readonly string[]): AsyncGenerator<string> {
  for (const piece of pieces) {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 6));
    yield piece;
  }
}

const answer: Script = ({ body }) => {
  if (!JSON.parse(body).stream) {
    const choice = { index: 0, message: { role: "assistant", content: "a".repeat(300) }, finish_reason: "stop" };
    const headers = { "content-type": "application/json" };
    return { headers, pieces: slowly([JSON.stringify({ model, choices: [choice], usage })]) };
  }
  const last = `data: ${JSON.stringify({ model, choices: [], usage })}\n\n`;
  const words = Array.from({ length: 10 }, () => chunk({ content: "stream ".repeat(5) }));
  return {
    headers: { "content-type": "text/event-stream" },
    pieces: slowly([...words, chunk({}, "stop"), last, "data: [DONE]\n\n"]),
  };
};

const configFor = (limit: string): ConfigInput => ({
  targets: { only: { provider: "openai", baseUrl: `${provider.url}/v1` } },
  models: { [model]: { targets: [{ target: "only" }] } },
  prices: { [model]: { input: "$1", output: "$10" } },
  budgets: [{ limit, window: "total" }],
});

const ask = async ({ url }: ServedSidecar, stream: boolean): Promise<number> => {
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer sk-own" },
    body: JSON.stringify({ model, stream, max_tokens: 500, messages: [{ role: "user", content: "hello" }] }),
  });
  await answer.text();
  return answer.status;
};

/** Kills a sidecar at any instant under load. Resolves to how many calls were answered. */
async function kill(place: SidecarPlace): Promise<number> {
  const sidecar = await serveSidecar(program, place);
  const statuses: number[] = [];
  let alive = true;
  const lane = async (): Promise<void> => {
    while (alive)
      await ask(sidecar, statuses.length % 2 === 1).then(
        (status) => statuses.push(status),
        () => {},
      );
  };
  const load = Promise.all(Array.from({ length: lanes }, lane));
  await until(() => statuses.length >= lanes);
  await new Promise((resolve) => setTimeout(resolve, Math.random() * underLoad));
  sidecar.signal("SIGKILL");
  expect(await sidecar.ended).toBeNull();
  alive = false;
  await load;
  expect(statuses.filter((status) => status !== 200)).toEqual([]);
  return statuses.length;
}

/** Each request that left is on file, for what it cost if that is known, and else for no less than it may have cost. */
function check(database: string): void {
  const rows = ledgerOf(database);
  const left = BigInt(provider.requests.length);
  expect(rows.length).toBeGreaterThanOrEqual(provider.requests.length);
  expect(sum(rows.map(({ charged, reserved }) => charged ?? reserved))).toBeGreaterThanOrEqual(left * cost);
  expect(rows.filter((row) => (isSettled(row) ? row.charged !== cost : row.reserved < cost))).toEqual([]);
  expect(rows.filter(isSettled).length).toBeLessThanOrEqual(provider.requests.length);
  // One attempt for each call: none was sent again, so none is charged twice.
  expect(rows.filter(({ id }) => !id.endsWith("/1"))).toEqual([]);
}

it(
  `a sidecar that is killed ${kills} times has charged each call what it cost or what it had reserved, and goes on from there`,
  async () => {
    const place = placeSidecar(program, configFor("$1000"));
    const seen = { answered: 0, open: 0 };
    let spent = 0n;
    for (let round = 0; round < kills; round++) {
      seen.answered += await kill(place);
      seen.open += ledgerOf(place.database).filter(({ charged }) => charged === null).length;
      check(place.database);
      spent = await reopen(place.database, scene);
      check(place.database);
    }
    const { length } = ledgerOf(place.database);
    process.stdout.write(`${kills} kills of a sidecar: ${JSON.stringify(seen)}, ${length} attempts on file\n`);
    expect(Object.entries(seen).filter(([, count]) => count === 0)).toEqual([]);

    const refused = provider.requests.length;
    expect(await asked(place, spent, 0n)).toBe(402);
    expect(provider.requests).toHaveLength(refused);
    expect(await asked(place, spent, 10n ** 12n)).toBe(200);
  },
  60_000 + kills * 15_000,
);

/** What a call is answered where the budget has so much left beyond what the ledger has charged. */
async function asked({ database }: SidecarPlace, spent: bigint, left: bigint): Promise<number> {
  const limit = `$${(Number((spent + left) / 1_000_000n) / 1e6).toFixed(6)}`;
  const stores = { ledger: `sqlite:${database}`, records: `sqlite:${database}` };
  const { config } = placeSidecar(program, { ...configFor(limit), stores });
  const sidecar = await serveSidecar(program, { config, database });
  const status = await ask(sidecar, false);
  sidecar.signal("SIGTERM");
  expect(await sidecar.ended).toBe(0);
  return status;
}
