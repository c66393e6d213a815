import fc from "fast-check";
import { windowAt } from "../../src/budgets/windows.ts";

describe("windows are UTC", () => {
  it.each([
    ["hour", Date.UTC(2026, 10, 24, 23, 59, 59, 999), "2026-11-24T23", Date.UTC(2026, 10, 25)],
    ["day", Date.UTC(2026, 10, 24, 23, 59), "2026-11-24", Date.UTC(2026, 10, 25)],
    ["day", Date.UTC(2026, 1, 28, 12), "2026-02-28", Date.UTC(2026, 2, 1)],
    ["month", Date.UTC(2026, 11, 31, 23), "2026-12", Date.UTC(2027, 0, 1)],
    ["total", Date.UTC(2026, 10, 24), "total", Number.POSITIVE_INFINITY],
  ] as const)("%s at %i", (kind, now, name, endsAt) => {
    expect(windowAt(kind, now)).toMatchObject({ name, endsAt });
  });

  it("follow each other without a gap", () => {
    const kind = fc.constantFrom("hour", "day", "month");
    fc.assert(
      fc.property(kind, fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) }), (window, now) => {
        const { name, beginsAt, endsAt } = windowAt(window, now);
        expect(now).toBeGreaterThanOrEqual(beginsAt);
        expect(now).toBeLessThan(endsAt);
        expect(windowAt(window, beginsAt)).toEqual({ name, beginsAt, endsAt });
        expect(windowAt(window, endsAt - 1)).toEqual({ name, beginsAt, endsAt });
        expect(windowAt(window, beginsAt - 1).endsAt).toBe(beginsAt);
        expect(windowAt(window, endsAt).name).not.toBe(name);
      }),
    );
  });
});
