import { createScopes, spenderOf } from "../../src/budgets/scopes.ts";
import { type ConfigInput, schema } from "../../src/config/schema.ts";
import type { Attributes, Caller } from "../../src/facts.ts";

const now = Date.UTC(2026, 10, 24, 12);
const dollars = (amount: number): bigint => BigInt(amount) * 10n ** 12n;

function find(budgets: ConfigInput["budgets"], attributes: Attributes = {}, key?: string, model = "fast") {
  const caller: Caller = { key, attributes, models: undefined, maxOutputTokens: undefined, ownKey: false };
  return createScopes(schema.parse({ budgets }).budgets)(spenderOf(caller, model), now);
}

const keys = (...args: Parameters<typeof find>): readonly string[] => find(...args)?.lines.map(({ key }) => key) ?? [];

describe("a budget is for", () => {
  it("the callers whose attributes are its scope's, all of them", () => {
    const budgets = [{ scope: { team: "search", customer: "acme" }, limit: "$1" }];
    expect(keys(budgets, { customer: "acme", team: "search" })).toEqual(["team=search,customer=acme/2026-11"]);
    expect(keys(budgets, { team: "search" })).toEqual([]);
    expect(keys(budgets, { team: "ads", customer: "acme" })).toEqual([]);
    expect(find(budgets, {})).toBeUndefined();
  });

  it("everybody together where its scope is empty", () => {
    expect(keys([{ limit: "$1", window: "total" }], { team: "search" })).toEqual(["everybody/total"]);
  });

  it("each value on its own under *", () => {
    const budgets = [{ scope: { customer: "*" }, limit: "$1", window: "day" as const }];
    expect(keys(budgets, { customer: "acme" })).toEqual(["customer=acme/2026-11-24"]);
    expect(keys(budgets, { customer: "umbrella" })).toEqual(["customer=umbrella/2026-11-24"]);
  });

  it("those who name no value too, together, so that leaving it away is no way out", () => {
    expect(keys([{ scope: { customer: "*" }, limit: "$1" }], {})).toEqual(["customer=/2026-11"]);
    expect(keys([{ scope: { key: "*" }, limit: "$1" }], {})).toEqual(["key=/2026-11"]);
  });

  it("a key, and a model as the caller named it", () => {
    expect(keys([{ scope: { key: "web" }, limit: "$1" }], {}, "web")).toEqual(["key=web/2026-11"]);
    expect(keys([{ scope: { model: "fast" }, limit: "$1" }], {}, "web", "fast")).toEqual(["model=fast/2026-11"]);
    expect(keys([{ scope: { model: "fast" }, limit: "$1" }], {}, "web", "slow")).toEqual([]);
  });
});

describe("lines", () => {
  it("are all that match, with their limits and ends", () => {
    const found = find(
      [
        { scope: { team: "search" }, limit: "$200" },
        { scope: { customer: "*" }, limit: "$5", window: "hour" },
      ],
      { team: "search", customer: "acme" },
    );
    expect(found?.lines).toMatchObject([
      { key: "team=search/2026-11", limit: dollars(200), name: "team=search per month", endsAt: Date.UTC(2026, 11) },
      { key: "customer=acme/2026-11-24T12", limit: dollars(5), name: "customer=* per hour" },
    ]);
  });

  it("are one where two budgets share scope and window, under the smaller limit", () => {
    const budgets = [
      { scope: { customer: "*" }, limit: "$5" },
      { scope: { customer: "acme" }, limit: "$3" },
      { scope: { customer: "acme" }, limit: "$9" },
    ];
    expect(find(budgets, { customer: "acme" })?.lines).toMatchObject([
      { limit: dollars(3), name: "customer=acme per month" },
    ]);
  });

  it("cannot be mixed up by what a caller puts into a value", () => {
    const budgets = [{ scope: { team: "*", customer: "*" }, limit: "$1" }];
    const odd = keys(budgets, { team: "a,customer=b", customer: "c/2026-11" });
    expect(odd).toEqual(["team=a%2Ccustomer=b,customer=c%2F2026-11/2026-11"]);
    expect(keys(budgets, { team: "a%2C", customer: "\ud800" })).toEqual(["team=a%252C,customer=\ud800/2026-11"]);
  });

  it("follow the clock from window to window, and back", () => {
    const scopes = createScopes(schema.parse({ budgets: [{ limit: "$1", window: "hour" }] }).budgets);
    const keyAt = (instant: number) => scopes(spenderOf(undefined, "fast"), instant)?.lines[0]?.key;
    expect(keyAt(now)).toBe("everybody/2026-11-24T12");
    expect(keyAt(now + 3_599_999)).toBe("everybody/2026-11-24T12");
    expect(keyAt(now + 3_600_000)).toBe("everybody/2026-11-24T13");
    expect(keyAt(now)).toBe("everybody/2026-11-24T12");
  });

  it("outlive their window, so that a call which began in it settles in it", () => {
    const line = find([{ limit: "$1", window: "day" }])?.lines[0];
    expect(line?.expiresAt).toBe(Date.UTC(2026, 10, 25, 1));
  });

  it("take the smallest share, and what unbounded input needs only where every budget says it", () => {
    const plain = { scope: { key: "web" }, limit: "$1" };
    expect(
      find(
        [
          { limit: "$1", share: 4, unknown: "$0.10" },
          { ...plain, share: 7, unknown: "$0.20" },
        ],
        {},
        "web",
      ),
    ).toMatchObject({
      share: 7,
      unknown: 200_000_000_000n,
    });
    expect(find([{ limit: "$1", unknown: "$0.10" }, plain], {}, "web")?.unknown).toBeUndefined();
  });
});
