import { describeRealEnvoy, type EnvoyLine } from "../../doubles/real-envoy.ts";
import { duplex } from "./facts/duplex.ts";
import { type Lab, type Row, startLab } from "./facts/lab.ts";
import { head, immediately, piece } from "./facts/messages.ts";
import { dead, type SetupName, setupsOf } from "./facts/setups.ts";
import { streamed } from "./facts/streamed.ts";
import { tapped } from "./facts/tap.ts";
import type { LogLine } from "./facts/targets.ts";
import { terminated } from "./facts/terminate.ts";
import { terminatedEnds } from "./facts/terminate-ends.ts";
import { transformed } from "./facts/transform.ts";
import { transformedEnds } from "./facts/transform-ends.ts";

const rows: readonly Row<SetupName>[] = [
  ...terminated,
  ...terminatedEnds,
  ...transformed,
  ...transformedEnds,
  ...streamed,
  ...duplex,
  ...tapped,
];

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

  it("a processor that is killed breaks what runs, is missed, and is found again", async () => {
    const whole: Row<SetupName> = {
      name: "restart",
      setup: "terminate",
      ask: { body: "x" },
      processor: async (call) => call.say(immediately(200, await call.wholeRequest())),
      expect: () => {},
    };
    const cut: Row<SetupName> = {
      ...whole,
      async processor(call) {
        await call.wholeRequest();
        call.say(head(200), piece("half"));
        setTimeout(lab.processor.stop, 50);
      },
    };
    expect(await lab.run(cut)).toMatchObject({ status: 200, text: "half", broken: true, hung: false });
    expect(await lab.run(whole)).toMatchObject({ status: 503, text: "" });
    await lab.processor.start();
    expect(await lab.run(whole)).toMatchObject({ status: 200, text: "x" });
  });

  /** §9.4: a server of Node's refuses new streams after a thousand resets on one connection. */
  it("1,400 calls on connections of 900: none is refused", async () => {
    const refused = await lab.flood("terminate", 1_400, async (call) => {
      await call.wholeRequest();
      call.say(head(200), piece("ok", true));
    });
    expect(refused).toBe(0);
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
