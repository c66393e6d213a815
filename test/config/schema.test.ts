import fc from "fast-check";
import { jsonSchema } from "../../src/config/schema.ts";
import { choose, nearest } from "../../src/config/suggest.ts";
import { dollar, duration, money, share, size } from "../../src/config/units.ts";

interface Node {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
}

/** Paths of the keys that have no description. */
function undescribed(node: Node, path = ""): readonly string[] {
  const inside = Object.entries(node.properties ?? {});
  const silent = inside.filter(([, value]) => !value.description).map(([name]) => `${path}.${name}`);
  const deeper = inside.flatMap(([name, value]) => undescribed(value, `${path}.${name}`));
  const others = [node.items, node.additionalProperties].flatMap((other) =>
    typeof other === "object" ? undescribed(other, `${path}.*`) : [],
  );
  return [...silent, ...deeper, ...others];
}

describe("the JSON Schema", () => {
  const schema = jsonSchema();

  it("is of what a user writes, so everything may be left out", () => {
    expect(schema).toMatchObject({ $schema: "https://json-schema.org/draft/2020-12/schema", type: "object" });
    expect(schema.required).toBeUndefined();
    expect(schema.additionalProperties).toBe(false);
  });

  it("describes every key", () => {
    expect(Object.keys(schema.properties ?? {}).length).toBeGreaterThan(8);
    expect(undescribed(schema as Node)).toEqual([]);
  });

  it("can be written down", () => {
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
  });
});

describe("units", () => {
  it("are exact", () => {
    expect(["1ms", "10s", "5m", "1h", "24d"].map((text) => duration.parse(text))).toEqual([
      1, 10_000, 300_000, 3_600_000, 2_073_600_000,
    ]);
    expect(["1 B", "64 KB", "10MB", "2 GB"].map((text) => size.parse(text))).toEqual([
      1, 65_536, 10_485_760, 2_147_483_648,
    ]);
    expect(money.parse("$0.000000000001")).toBe(1n);
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 20n), (pico) => {
        const text = `$${pico / dollar}.${(pico % dollar).toString().padStart(12, "0")}`;
        expect(money.parse(text)).toBe(pico);
      }),
    );
  });

  it("a share is a whole part of a hundred", () => {
    expect(["1%", "20%", "100%"].map((text) => share.parse(text))).toEqual([0.01, 0.2, 1]);
    for (const text of ["20", "0%", "101%", "0.5%", "-1%", "%"]) expect(share.safeParse(text).success).toBe(false);
  });

  it.each(["10", "10 s", "1w", "-1s", "1.5s", "25d", "0ms", "9999999999d", ""])("a duration is not %j", (text) => {
    expect(duration.safeParse(text).success).toBe(false);
  });

  it.each(["10", "1 TB", "0 B", "999999999 GB", "1.5 MB", "10 mb"])("a size is not %j", (text) => {
    expect(size.safeParse(text).success).toBe(false);
  });

  it.each(["200", "$", "$1,000", "$1.", "-$1", "$1e3", "$0.0000000000001", `$${"9".repeat(13)}`])(
    "money is not %j",
    (text) => {
      expect(money.safeParse(text).success).toBe(false);
    },
  );
});

describe("a suggestion", () => {
  it.each([
    ["targts", "targets"],
    ["tragets", "targets"],
    ["baseURL", "baseUrl"],
    ["api_key", "apiKey"],
    ["teem", "team"],
  ])("for %s is %s", (text, meant) => {
    expect(nearest(text, ["access", "apiKey", "baseUrl", "targets", "team"])).toBe(meant);
  });

  it("is not made where nothing is near", () => {
    expect(nearest("x", ["id"])).toBeUndefined();
    expect(nearest("completely", ["targets"])).toBeUndefined();
    expect(nearest("t".repeat(100_000), ["targets"])).toBeUndefined();
    expect(choose("completely", ["a", "b"], "keys")).toBe("keys: a, b");
  });
});
