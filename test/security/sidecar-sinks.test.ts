import { echoes } from "../../adapters/testing.ts";
import type { ConfigInput } from "../../src/index.ts";
import { buildProgram } from "../adapters/cli/program.ts";
import { chunk, until } from "../adapters/scene.ts";
import { type LoopbackProvider, startProvider } from "../doubles/provider.ts";
import { leftOf } from "./canaries.ts";
import {
  keyPlace,
  leaksOf,
  placeSidecar,
  type ServedSidecar,
  type SidecarPlace,
  serveSidecar,
} from "./sidecar-scene.ts";
import { paths } from "./sinks-paths.ts";
import { chat, config, email, type Path } from "./sinks-scene.ts";

const kinds = ["email", "secret"] as const;
/** Those that need nothing from inside of the process. */
const played = Object.entries(paths).filter(([, { step, stores, config }]) => !step && !stores && !config?.redaction);

const program = buildProgram();
afterAll(() => program.remove());
let provider: LoopbackProvider;
beforeEach(async () => {
  provider = await startProvider();
});
afterEach(() => provider.close());

/** No path is to change what the next one meets. */
function configFor(url: string): ConfigInput {
  const target = { provider: "openai" as const, apiKey: keyPlace, baseUrl: `${url}/v1` };
  return config({ targets: { first: target, second: target }, routing: { failures: 1_000 } });
}

/** What the caller hears, until it leaves or is left. */
async function hear(sidecar: ServedSidecar, { url, body, headers, leavesAfter }: Path): Promise<string> {
  const { pathname, search } = new URL(url ?? "https://api.openai.com/v1/chat/completions");
  const leaving = new AbortController();
  let got = "";
  let heard = 0;
  try {
    const answer = await fetch(`${sidecar.url}${pathname}${search}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { authorization: "Bearer psk_web", "content-type": "application/json", ...headers },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      signal: leaving.signal,
    });
    got = `${answer.status} ${JSON.stringify([...answer.headers])}\n`;
    for await (const bytes of answer.body ?? []) {
      got += Buffer.from(bytes).toString();
      heard += bytes.length;
      if (heard >= (leavesAfter ?? Number.POSITIVE_INFINITY)) leaving.abort();
    }
  } catch {
    got += "\nbroken off";
  }
  return got;
}

/** Plays one path; a caller that has left hears nothing of the call's end, so that is waited for. */
async function play(sidecar: ServedSidecar, path: Path, number: number): Promise<readonly string[]> {
  const before = provider.requests.length;
  const { script = echoes } = path;
  provider.answer((request, count) => script(request, count - before));
  const got = await hear(sidecar, path);
  await settled(sidecar, number);
  const left = provider.requests.slice(before).map(leftOf).join("\n");
  return [...leaksOf({ left }, kinds), ...(path.toCaller ? [] : leaksOf({ got }, kinds))];
}

const countIn = (metrics: string): number =>
  [...metrics.matchAll(/^postern_calls_total\{.*\} (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);

async function settled(sidecar: ServedSidecar, calls: number): Promise<void> {
  let count = 0;
  for (let tries = 0; tries < 1_000 && count < calls; tries++) count = countIn(await sidecar.metrics());
  expect(count).toBe(calls);
}

/** Each sink was written to, so that its silence means something. */
async function expectSilent(sidecar: ServedSidecar, calls: number): Promise<void> {
  const sinks = await sidecar.sinks();
  expect(leaksOf(sinks, kinds)).toEqual([]);
  const records = sidecar.calls();
  expect(records).toHaveLength(calls);
  expect(records.filter(({ receipt }) => !sinks.log?.includes(receipt.id))).toEqual([]);
  expect(`${sinks["the file"]}${sinks["the file-wal"] ?? ""}`).toContain("[EMAIL_1]");
}

it(`a sidecar writes nothing personal and no secret, whatever becomes of a call: ${played.length} ways`, async () => {
  expect(played.length).toBeGreaterThan(40);
  const sidecar = await serveSidecar(program, placeSidecar(program, configFor(provider.url)));
  const faults: string[] = [];
  for (const [number, [name, path]] of played.entries())
    for (const fault of await play(sidecar, path, number + 1)) faults.push(`${name}: ${fault}`);
  expect(faults).toEqual([]);
  const { metrics } = await sidecar.sinks();
  for (const outcome of ["answered", "refused", "failed", "aborted", "cut"])
    expect(metrics).toContain(`postern_calls_total{outcome="${outcome}"`);
  await until(() => sidecar.calls().length === played.length);
  await expectSilent(sidecar, played.length);
  sidecar.signal("SIGTERM");
  expect(await sidecar.ended).toBe(0);
  await expectSilent(sidecar, played.length);
  const outcomes = sidecar.calls().map(({ receipt }) => receipt.outcome);
  const wrong = played.filter(([, { outcome }], index) => ![outcome].flat().includes(outcomes[index] ?? "answered"));
  expect(wrong.map(([name]) => name)).toEqual([]);
}, 120_000);

describe("a sidecar that is killed", () => {
  const midway = [chunk({ role: "assistant", content: "" }), chunk({ content: `${email} [EMAIL_1] [EMA` })];

  async function killedMidway(place: SidecarPlace): Promise<ServedSidecar> {
    provider.answer(() => ({
      headers: { "content-type": "text/event-stream" },
      pieces: midway,
      ends: "silent",
    }));
    const sidecar = await serveSidecar(program, place);
    const before = provider.requests.length;
    const hearing = hear(sidecar, { body: chat(`I am ${email}`, { stream: true }), outcome: "failed" });
    await until(() => provider.requests.length > before);
    // The reservation is on file before the request leaves, and the first words are on their way.
    sidecar.signal("SIGKILL");
    expect(await sidecar.ended).toBeNull();
    expect(await hearing).toContain("broken off");
    return sidecar;
  }

  it("leaves nothing personal in its files, nor does the one that comes after", async () => {
    const place = placeSidecar(program, configFor(provider.url));
    for (let round = 0; round < 3; round++) {
      const killed = await killedMidway(place);
      const left = await killed.sinks();
      expect(provider.requests.at(-1)?.body).toContain("I am [EMAIL_1]");
      expect(leaksOf(left, kinds)).toEqual([]);
      expect(`${left["the file"]}${left["the file-wal"]}`).toContain("team=search");
    }
    provider.answer((request) => ({ status: 500, headers: {}, pieces: [request.body] }));
    const next = await serveSidecar(program, place);
    await hear(next, { body: chat(`I am ${email}`), outcome: "failed" });
    await until(() => next.calls().length === 1);
    expect(leaksOf(await next.sinks(), kinds)).toEqual([]);
    next.signal("SIGTERM");
    expect(await next.ended).toBe(0);
    expect(leaksOf(await next.sinks(), kinds)).toEqual([]);
  }, 120_000);
});
