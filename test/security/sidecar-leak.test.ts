import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { says } from "../../adapters/testing.ts";
import { hashKey } from "../../src/access/keys.ts";
import { buildProgram } from "../adapters/cli/program.ts";
import { type LoopbackProvider, startProvider } from "../doubles/provider.ts";
import { canaries } from "./canaries.ts";
import { expectMasked, positionsOfWires, wires } from "./corpus.ts";
import { playCorpus } from "./corpus-over-http.ts";
import type { Position } from "./positions.ts";
import { allKinds, keyPlace, leaksOf, placeSidecar, type ServedSidecar, serveSidecar } from "./sidecar-scene.ts";

const program = buildProgram();
let provider: LoopbackProvider;
let sidecar: ServedSidecar;
let positions: readonly (readonly Position[])[];
let calls = 0;

beforeAll(async () => {
  positions = positionsOfWires();
  provider = await startProvider();
  provider.answer((request, number) => says(request.body)(request, number));
  const list = join(program.folder, "customers.txt");
  writeFileSync(list, `${canaries.record}\n`);
  const target = { baseUrl: `${provider.url}/v1`, apiKey: keyPlace };
  const place = placeSidecar(program, {
    targets: { openai: { ...target, provider: "openai" }, claude: { ...target, provider: "anthropic" } },
    access: { keys: [{ id: "web", hash: hashKey("psk_web"), team: "search" }] },
    redaction: { lists: [{ name: "customer", file: list }] },
  });
  sidecar = await serveSidecar(program, place);
}, 60_000);
afterAll(async () => {
  program.remove();
  await provider.close();
});

describe("every string position that the SDKs know, through a sidecar's process", () => {
  it.each(wires.map((wire, index) => [wire.name, wire, index] as const))(
    "of %s is masked and restored, or refused",
    async (_name, wire, index) => {
      const reached = { url: sidecar.url, key: "psk_web", requests: provider.requests };
      const played = await playCorpus(wire, positions[index] ?? [], reached);
      process.stdout.write(`sidecar, ${wire.name}: ${played.calls} calls, ${JSON.stringify(played.fates)}\n`);
      expect(played.faults).toEqual([]);
      expect(played.calls).toBeGreaterThan(2 * wire.least);
      expectMasked(played.fates);
      calls += played.calls;
    },
    240_000,
  );

  it("and nothing that the process wrote holds one", async () => {
    const running = await sidecar.sinks();
    sidecar.signal("SIGTERM");
    expect(await sidecar.ended).toBe(0);
    const closed = await sidecar.sinks();
    expect(running.metrics).toMatch(/postern_findings_total\{type="EMAIL",action="masked"\} [1-9]/);
    expect(closed["the file"]?.length).toBeGreaterThan(calls * 100);
    expect(closed["the file"]).toContain("[EMAIL_1]");
    expect(leaksOf(running, allKinds)).toEqual([]);
    expect(leaksOf(closed, allKinds)).toEqual([]);
  }, 120_000);
});
