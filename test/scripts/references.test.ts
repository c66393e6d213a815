import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { template } from "../../adapters/cli/init.ts";
import { generated } from "../../scripts/references/files.ts";
import { envoy, read, told } from "../../scripts/references/headers.ts";
import { credentialOf } from "../../src/access/credential.ts";
import { readYaml } from "../../src/config/yaml.ts";
import { parseConfig } from "../../src/index.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const file = (path: string): string => readFileSync(join(root, path), "utf8");
const sources = (folder: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => join(folder, path));

describe("what is made from code", () => {
  /** Red when code has changed since: `npm run docs` writes it anew. */
  it.each(Object.keys(generated))("is up to date: %s", (path) => {
    const made = generated[path]?.() ?? "";
    if (path.endsWith(".json")) expect(JSON.parse(file(path))).toEqual(JSON.parse(made));
    else expect(file(path)).toBe(made);
  });

  it("is all that the folders hold", () => {
    for (const folder of ["schema", "docs/reference"]) {
      const found = readdirSync(join(root, folder)).map((name) => `${folder}/${name}`);
      expect(Object.keys(generated)).toEqual(expect.arrayContaining(found));
    }
  });
});

describe("the config's schema", () => {
  const schema = z.fromJSONSchema(JSON.parse(file("schema/config.schema.json")));
  const valid = (text: string): boolean => schema.safeParse(readYaml(text).value).success;

  it("takes what init writes", () => {
    expect(valid(template)).toBe(true);
  });

  it.each([
    ["a key that is not known", "targts: {}"],
    ["a key below that is not known", "routing: { attemps: 3 }"],
    ["a duration without a unit", "routing: { deadline: 10 }"],
    ["an action that is none", "redaction: { pii: { email: hide } }"],
    ["a target without a provider", "targets: { one: {} }"],
  ])("marks %s", (_, text) => {
    expect(valid(text)).toBe(false);
  });

  /** Red when an editor would show a default that is none. */
  it("tells defaults that are the gateway's", () => {
    interface Node {
      readonly default?: unknown;
      readonly properties?: Readonly<Record<string, Node>>;
    }
    const filled = ({ default: value, properties = {} }: Node): unknown => {
      const inner = Object.entries(properties).map(([key, node]) => [key, filled(node)] as const);
      const said = inner.filter(([, each]) => each !== undefined);
      return said.length > 0 && value !== undefined ? Object.fromEntries(said) : value;
    };
    const all = filled({ ...(JSON.parse(file("schema/config.schema.json")) as Node), default: {} });
    expect(all).toMatchObject({
      routing: { deadline: "10m", attempts: 5 },
      limits: { body: "20 MB" },
      mode: "enforce",
    });
    expect(parseConfig(all as object)).toEqual(parseConfig({}));
  });
});

describe("the reference of headers", () => {
  const own = [...read, ...told, ...envoy].map(([name]) => name).filter((name) => name.startsWith("x-postern-"));

  /** Red when a header of ours is added, renamed or gone. */
  it("has every header of ours that the code names, and no other", () => {
    const attributes = ["team", "project", "feature", "customer"].map((name) => `x-postern-${name}`);
    const named = [...sources("src"), ...sources("adapters")].flatMap((path) =>
      [...file(path).matchAll(/["`](x-postern-[a-z-]*[a-z])["`]/g)].map(([, name = ""]) => name),
    );
    expect(named.length).toBeGreaterThan(8);
    expect(new Set(own)).toEqual(new Set([...named, ...attributes]));
  });

  it("names every header that a credential may stand in", () => {
    const carries = (name: string): boolean =>
      credentialOf({ method: "POST", url: "/", headers: { [name]: "Bearer psk_1" } }) !== undefined;
    expect(read.map(([name]) => name).filter(carries)).toEqual([
      "authorization",
      "x-api-key",
      "api-key",
      "x-goog-api-key",
    ]);
  });
});
