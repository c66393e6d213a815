import { noUsage } from "../../../src/dialects/dialect.ts";
import type { Redacted } from "../../../src/facts.ts";
import type { AttemptOutcome, Receipt } from "../../../src/step.ts";
import type { CallRecord } from "../../../src/stores/records.ts";
import { type Dimension, openReader, spendDimensions } from "../../../src/stores/sqlite-reader.ts";
import { createCallContext, receiptOf } from "../../doubles/attempt.ts";
import { change, createScene, noon, written } from "./scene.ts";

const scene = createScene();
const largest = 2n ** 63n - 1n;

const attempt = (number: number, target: string, cost: bigint): AttemptOutcome => ({
  number,
  target,
  provider: target === "claude" ? "anthropic" : "openai",
  model: "m",
  result: "answered",
  code: undefined,
  status: 200,
  reason: undefined,
  retryAfter: undefined,
  losses: [],
  sent: true,
  committed: true,
  usage: { ...noUsage, input: 10, output: 2 },
  flowed: 2,
  cost,
  startedAt: noon,
  firstByte: 1,
  duration: 2,
});

interface Fields {
  readonly team?: string;
  readonly model?: string;
  readonly at?: number;
  readonly attempts?: readonly AttemptOutcome[];
  readonly text?: string;
}

function record(id: string, { team, model = "fast", at = noon, attempts = [], text }: Fields = {}): CallRecord {
  const receipt: Receipt = {
    ...receiptOf(createCallContext({ id }), []),
    model,
    attempts,
    attributes: team === undefined ? {} : { team },
    startedAt: at,
    cost: attempts.reduce((sum, { cost }) => sum + cost, 0n) % largest,
  };
  return { receipt, traceId: "t", spanId: "s", request: text as Redacted | undefined, answer: undefined };
}

async function fill(...all: readonly CallRecord[]) {
  const path = scene.newPath();
  const stores = await scene.start(path);
  await stores.records.write(written(all));
  const reader = openReader(path);
  scene.atEnd(() => reader.close());
  return { path, stores, reader };
}

describe("reading a file that a gateway writes", () => {
  it("shows one call with its attempts and texts, or nothing", async () => {
    const wanted = record("a", {
      attempts: [attempt(1, "openai", 5n), attempt(2, "claude", 7n)],
      text: "hidden ⟦EMAIL_1⟧",
    });
    const { reader } = await fill(wanted, record("b"));
    expect(reader.showCall("a")).toEqual(wanted);
    expect(reader.showCall("c")).toBeUndefined();
  });

  it("sees what comes while it is open, and holds up nobody", async () => {
    const { reader, stores } = await fill(record("a"));
    const seen: string[][] = [];
    for (const id of ["b", "c"]) {
      await stores.records.write(written([record(id)]));
      seen.push(reader.listCalls().map(({ receipt }) => receipt.id));
    }
    expect(seen).toEqual([
      ["b", "a"],
      ["c", "b", "a"],
    ]);
  });

  it("pages back with `before`, and follows with `after`", async () => {
    const { reader, stores } = await fill(...["a", "b", "c", "d", "e"].map((id) => record(id)));
    const newest = reader.listCalls({ limit: 2 });
    const next = reader.listCalls({ limit: 2, before: newest.at(-1)?.cursor });
    expect([newest, next].map((page) => page.map(({ receipt }) => receipt.id))).toEqual([
      ["e", "d"],
      ["c", "b"],
    ]);
    await stores.records.write(written([record("f"), record("g"), record("h")]));
    const came = reader.listCalls({ limit: 2, after: newest[0]?.cursor });
    const then = reader.listCalls({ limit: 2, after: came.at(-1)?.cursor });
    expect([came, then].map((page) => page.map(({ receipt }) => receipt.id))).toEqual([["f", "g"], ["h"]]);
  });

  it("lists the calls of one team, key, model or outcome, and takes nothing else for a column", async () => {
    const { reader } = await fill(
      record("a", { team: "x" }),
      record("b", { team: "y" }),
      record("c", { team: "x", model: "slow" }),
    );
    const of = (match: object) => reader.listCalls({ match }).map(({ receipt }) => receipt.id);
    expect(of({ team: "x" })).toEqual(["c", "a"]);
    expect(of({ team: "x", model: "slow" })).toEqual(["c"]);
    expect(of({ team: "' OR 1=1 --" })).toEqual([]);
    expect(of({ "1=1 OR id": "x" })).toEqual(["c", "b", "a"]);
  });

  it("is told what is wrong with a file", async () => {
    const path = scene.newPath();
    expect(() => openReader(path)).toThrow(`${path}: there is no such file`);
    change(path, "CREATE TABLE theirs (id INTEGER)");
    expect(() => openReader(path)).toThrow(`${path}: the file is a database of something else`);
    const { path: ours } = await fill();
    change(ours, "PRAGMA user_version = 99");
    expect(() => openReader(ours)).toThrow("was written by a newer version");
    change(ours, "PRAGMA user_version = 0");
    expect(() => openReader(ours)).toThrow("was written by an older version");
  });

  it("cannot write", async () => {
    const { path, stores } = await fill(record("a"));
    await stores.records.close();
    const reader = openReader(path);
    expect(reader.listCalls()).toHaveLength(1);
    reader.close();
  });
});

describe("spending", () => {
  const hour = 3_600_000;

  it("is summed over all attempts, by team and model, the dearest first", async () => {
    const { reader } = await fill(
      record("a", { team: "x", attempts: [attempt(1, "openai", 5n), attempt(2, "claude", 7n)] }),
      record("b", { team: "x", attempts: [attempt(1, "openai", 1n)] }),
      record("c", { team: "x", model: "slow", attempts: [attempt(1, "openai", 2n)] }),
      record("d", { attempts: [attempt(1, "openai", 100n)] }),
      record("e", { team: "y" }),
    );
    expect(reader.spend({ by: ["team", "model"] })).toEqual([
      { group: { model: "fast" }, calls: 1, input: 10, output: 2, cost: 100n },
      { group: { team: "x", model: "fast" }, calls: 2, input: 30, output: 6, cost: 13n },
      { group: { team: "x", model: "slow" }, calls: 1, input: 10, output: 2, cost: 2n },
      { group: { team: "y", model: "fast" }, calls: 1, input: 0, output: 0, cost: 0n },
    ]);
    expect(reader.spend({ by: ["provider"] })).toEqual([
      { group: { provider: "openai" }, calls: 4, input: 40, output: 8, cost: 108n },
      { group: { provider: "anthropic" }, calls: 1, input: 10, output: 2, cost: 7n },
      { group: {}, calls: 1, input: 0, output: 0, cost: 0n },
    ]);
  });

  it("is exact beyond what 64 bits and a double hold", async () => {
    const { reader } = await fill(
      ...["a", "b", "c"].map((id) => record(id, { attempts: [attempt(1, "openai", largest)] })),
    );
    expect(reader.spend({ by: [] })).toEqual([{ group: {}, calls: 3, input: 30, output: 6, cost: 3n * largest }]);
  });

  it("counts calls that began from `since` on and before `until`", async () => {
    const all = [0, 1, 2, 3].map((index) =>
      record(`${index}`, { at: noon + index * hour, attempts: [attempt(1, "openai", 10n ** BigInt(index))] }),
    );
    const { reader } = await fill(...all);
    const cost = (query: object) => reader.spend({ by: [], ...query })[0]?.cost;
    expect(cost({})).toBe(1_111n);
    expect(cost({ since: noon + hour })).toBe(1_110n);
    expect(cost({ since: noon + hour, until: noon + 3 * hour })).toBe(110n);
    expect(cost({ since: noon + 9 * hour })).toBe(0n);
  });

  it("is grouped by days and months of UTC", async () => {
    const at = (text: string) => Date.parse(text);
    const { reader } = await fill(
      record("a", { at: at("2026-10-31T23:59:59.999Z"), attempts: [attempt(1, "openai", 1n)] }),
      record("b", { at: at("2026-11-01T00:00:00.000Z"), attempts: [attempt(1, "openai", 2n)] }),
    );
    const groups = (by: Dimension) => reader.spend({ by: [by] }).map(({ group, cost }) => [group[by], cost]);
    expect(groups("day")).toEqual([
      ["2026-11-01", 2n],
      ["2026-10-31", 1n],
    ]);
    expect(groups("month")).toEqual([
      ["2026-11", 2n],
      ["2026-10", 1n],
    ]);
  });

  it("knows every dimension that it offers, and no other", async () => {
    const { reader } = await fill(record("a", { team: "x", attempts: [attempt(1, "openai", 1n)] }));
    for (const name of spendDimensions) expect(reader.spend({ by: [name] })).toMatchObject([{ calls: 1, cost: 1n }]);
    for (const name of ["calls.id", "toString"]) {
      expect(() => reader.spend({ by: [name as Dimension] })).toThrow("team, project, feature");
    }
  });
});
