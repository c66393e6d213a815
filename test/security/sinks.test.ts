import { trace } from "@opentelemetry/api";
import { passing, paths } from "./sinks-paths.ts";
import { broken, chat, email, leaksIn, type Path, recordSpans, run, type Seen } from "./sinks-scene.ts";

beforeAll(recordSpans);
afterAll(() => trace.disable());

/** Each sink was written to, so that its silence about the canary means something. */
function expectWritten({ sinks, receipts }: Seen, path: Path): void {
  expect([path.outcome].flat()).toContain(receipts[0]?.outcome);
  expect(receipts).toHaveLength(1);
  if (path.attempts !== undefined) expect(receipts[0]?.attempts).toHaveLength(path.attempts);
  const { id } = receipts[0] ?? { id: "no call" };
  for (const sink of [sinks.receipt, sinks.log, sinks.spans]) expect(sink).toContain(id);
}

describe.each(["redacted", "metadata", "none"] as const)(
  "no sink gets personal data or a secret, payloads: %s",
  (payloads) => {
    it.each(Object.entries(paths))("%s", async (_name, path) => {
      const seen = await run(path, { tracing: { payloads } });
      expectWritten(seen, path);
      expect(seen.records).toBe(payloads === "none" ? 0 : 1);
      expect(leaksIn({ ...seen.sinks, thrown: seen.thrown })).toEqual([]);
      if (!path.toCaller) expect(leaksIn({ got: seen.got })).toEqual([]);
      expect(leaksIn({ left: seen.left })).toEqual([]);
    });
  },
);

describe.each([
  ["observing", { mode: "observe" }],
  ["flagging", { redaction: { pii: { email: "flag" }, secrets: "flag" } }],
] as const)("when %s it reaches the provider and no sink", (_mode, overrides) => {
  it.each(Object.entries(passing))("%s", async (_name, path) => {
    const seen = await run(path, { ...overrides, tracing: { payloads: "redacted" } });
    expectWritten(seen, path);
    expect(seen.records).toBe(1);
    expect(seen.sinks.receipt).toMatch(/"type":"(EMAIL|SECRET)"/);
    expect(leaksIn({ ...seen.sinks, thrown: seen.thrown })).toEqual([]);
  });
});

it("a store of records that fails costs the record, not the call, and its message stays with it", async () => {
  const path: Path = { body: chat(`I am ${email}`), stores: () => broken("records"), outcome: "answered" };
  const seen = await run(path, { tracing: { payloads: "redacted" } });
  expectWritten(seen, path);
  expect(seen.sinks.log).toContain("records are dropped");
  expect(leaksIn(seen.sinks)).toEqual([]);
});

it("a canary in a sink is seen", () => {
  expect(leaksIn({ first: "nothing", second: JSON.stringify([{ a: `at ${email}` }]) })).toEqual(["second"]);
});
