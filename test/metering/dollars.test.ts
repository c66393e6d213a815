import fc from "fast-check";
import { toPicoDollars } from "../../src/config/units.ts";
import { toDollars } from "../../src/dollars.ts";

describe("pico-dollars as text", () => {
  it.each([
    [0n, "$0.000000"],
    [3_100_000_000n, "$0.003100"],
    [1n, "$0.000000000001"],
    [125_000n, "$0.000000125"],
    [200_000_000_000_000n, "$200.000000"],
    [-5_000_000_000n, "-$0.005000"],
  ])("%s is %s", (amount, text) => {
    expect(toDollars(amount)).toBe(text);
  });

  it("read back as the same amount", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 18n }), (amount) => {
        expect(toPicoDollars(toDollars(amount))).toBe(amount);
      }),
    );
  });
});
