import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { says } from "../../adapters/testing.ts";
import { describeRealEnvoy } from "../doubles/real-envoy.ts";
import { canaries } from "../security/canaries.ts";
import { expectMasked, positionsOfWires, wires } from "../security/corpus.ts";
import { playCorpus } from "../security/corpus-over-http.ts";
import type { Position } from "../security/positions.ts";
import { beginOnEnvoy, type EnvoyScene } from "./scene.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-leak-"));
const list = join(folder, "customers.txt");
writeFileSync(list, `${canaries.record}\n`);

let positions: readonly (readonly Position[])[];
beforeAll(() => {
  positions = positionsOfWires();
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

describeRealEnvoy(
  "every string position that the SDKs know",
  (line) => {
    describe.each(["terminate", "transform"] as const)("in %s", (mode) => {
      let scene: EnvoyScene;
      beforeAll(async () => {
        // Any model's name goes to the first target of its wire, since the corpus has one in each body.
        const config = { models: {}, budgets: [], redaction: { lists: [{ name: "customer", file: list }] } };
        scene = await beginOnEnvoy({ line, mode, config });
        scene.provider.answer((request, number) => says(request.body)(request, number));
      }, 60_000);
      afterAll(() => scene.close());

      it.each(wires.map((wire, index) => [wire.name, wire, index] as const))(
        "of %s is masked and restored, or refused",
        async (_name, wire, index) => {
          const { envoy, provider } = scene;
          const reached = { url: envoy.url, key: "psk_web", requests: provider.requests };
          const { calls, fates, faults } = await playCorpus(wire, positions[index] ?? [], reached);
          process.stdout.write(`Envoy ${line} ${mode}, ${wire.name}: ${calls} calls, ${JSON.stringify(fates)}\n`);
          expect(faults).toEqual([]);
          expect(calls).toBeGreaterThan(2 * wire.least);
          expectMasked(fates);
        },
        240_000,
      );

      it("and no byte of one has reached the provider's socket", () => {
        const sent = scene.wire.sent();
        expect(sent.length).toBeGreaterThan(1_000_000);
        for (const canary of Object.values(canaries)) expect([canary, sent.includes(canary)]).toEqual([canary, false]);
      });
    });
  },
  ["1.40"],
);
