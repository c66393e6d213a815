import { describeRealEnvoy, type EnvoyLine } from "../../doubles/real-envoy.ts";
import { duplex, streamed } from "./facts/answers.ts";
import { type Lab, type LogLine, type Row, startLab } from "./facts/lab.ts";
import { dead, type SetupName, setupsOf } from "./facts/setups.ts";
import { tapped } from "./facts/tap.ts";
import { terminated } from "./facts/terminate.ts";
import { transformed } from "./facts/transform.ts";

const rows: readonly Row<SetupName>[] = [...terminated, ...transformed, ...streamed, ...duplex, ...tapped];

/** The same rows against the double and against the real one, so that the double stays honest. */
function facts(kind: "fake" | EnvoyLine): void {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab(kind, setupsOf, dead);
  });
  let lines: ReadonlyMap<string, LogLine> | undefined;
  afterAll(async () => {
    if (!lines) await lab.close();
  });
  const mine = rows.filter((row) => kind === "fake" || (row.lines ?? [kind]).includes(kind));

  it.each(mine.map((row) => [row.name, row] as const))("%s", async (_name, row) => {
    const outcome = await lab.run(row);
    await row.expect(outcome);
    const violations = lab.violations(row.setup);
    if (!violations) return;
    expect(violations).toHaveLength(row.violations?.length ?? 0);
    for (const [at, violation] of (row.violations ?? []).entries()) expect(violations[at]).toMatch(violation);
  });

  it("the access log says what happened", async () => {
    lines = await lab.close();
    for (const { name, log } of mine) {
      if (!log) continue;
      const { details = "", ...rest } = log;
      expect([name, lines.get(name)]).toMatchObject([name, { ...rest, details: expect.stringContaining(details) }]);
    }
  });
}

describe("what was measured of Envoy, on the double", () => facts("fake"));
describeRealEnvoy("what was measured of Envoy,", facts);
