import fc from "fast-check";
import { createJson } from "../../../src/dialects/translate/json.ts";

const through = (text: string): string => {
  const json = createJson(Buffer.from(text));
  return json.stringify(json.parse(text));
};

describe("JSON on its way through a translation", () => {
  it.each([
    "12345678901234567890",
    "-0",
    "1e400",
    "0.1234567890123456789",
    "-1.0000000000000000001",
    "123456789012345678e2",
  ])("keeps the digits of %s", (number) =>
    expect(through(`{"a":[${number}, ${number}],"b": ${number}}`)).toBe(`{"a":[${number},${number}],"b":${number}}`),
  );

  it.each([
    ["1.0", "1"],
    ["1e3", "1000"],
    ["0.30000000000000004", "0.30000000000000004"],
  ])("writes %s, which a double holds, as %s", (number, written) =>
    expect(through(`[${number}]`)).toBe(`[${written}]`),
  );

  it("keeps the digits of numbers in JSON within a string of the body", () => {
    const json = createJson(Buffer.from("{}"));
    expect(json.stringify({ input: json.parse('{"id":9007199254740993}') })).toBe('{"input":{"id":9007199254740993}}');
  });

  it("leaves every string alone, whatever number it looks like", () => {
    const text = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.constantFrom("12345678901234567890", ',-0,"', "\\\\", '\\"[1e5', ":1e5"),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(text, fc.bigInt())), (pairs) => {
        const body = `{"all":[${pairs.map(([string, big]) => `{${JSON.stringify(`k${string}`)}:${big},"s":${JSON.stringify(string)}}`).join(",")}]}`;
        expect(through(body)).toBe(body);
      }),
    );
  });

  it("takes large bodies in their stride", () => {
    const text = `{"a":"${"\\\\x,-0".repeat(300_000)}","n":12345678901234567890}`;
    expect(through(text) === text).toBe(true);
  });
});
