import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "../../src/config/load.ts";
import { schema } from "../../src/config/schema.ts";
import { errorOf, problemsOf } from "./support.ts";

const yaml = (apiKey: string) => `access: {}\ntargets: { a: { provider: openai, apiKey: "${apiKey}" } }`;
const place = "2:43 targets.a.apiKey";
const advice = "(write env:NAME or file:PATH, and see that it holds the key alone)";
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "postern-secrets-"));
  await writeFile(join(directory, "key"), "sk-from-file\n\n");
  await writeFile(join(directory, "empty"), "\n");
  await writeFile(join(directory, "two"), "sk-one\nsk-two\n");
  await writeFile(join(directory, "large"), "k".repeat(65_537));
  await mkdir(join(directory, "folder"));
});
afterAll(() => rm(directory, { recursive: true }));

describe("a reference to a secret", () => {
  it.each([
    ["env:KEY", "sk-from-env"],
    ["file:key", "sk-from-file"],
    ["file:./folder/../key", "sk-from-file"],
  ])("%s gives the key", (reference, key) => {
    const config = parseConfig(yaml(reference), { directory, environment: { KEY: "sk-from-env" } });
    expect(config.targets.a?.apiKey?.reveal()).toBe(key);
  });

  it.each([
    ["env:NONE", "is not set"],
    ["env:toString", "is not set"],
    ["env:EMPTY", "is empty"],
    ["env:SPACED", "holds a space, a line break or a character that no key has"],
    ["file:none", "does not exist"],
    ["file:empty", "is empty"],
    ["file:folder", "is not a file"],
    ["file:large", "is larger than 65536 bytes"],
    ["file:two", "holds a space, a line break or a character that no key has"],
  ])("%s that cannot be used is named, with the reason and without what it holds", (reference, reason) => {
    const environment = { EMPTY: "", SPACED: "sk-one sk-two" };
    const error = errorOf(yaml(reference), { directory, environment });
    expect(error.message).toContain(`${place}: ${reference} ${reason} ${advice}`);
    expect(error.stack).not.toContain("sk-");
  });

  it.each(["env:", "env:A B", "env:sk-live-1", "env:toString", "file:"])("%j is none", (reference) => {
    expect(problemsOf(yaml(reference), { directory })).toHaveLength(1);
  });
});

describe("a key itself", () => {
  it("does not belong into a file", () => {
    const problems = problemsOf(yaml("sk-in-file"), { directory });
    expect(problems).toEqual([
      `${place}: a key itself does not belong into a config file (write env:NAME or file:PATH)`,
    ]);
  });

  it.each([
    ["$OPENAI_API_KEY", "a variable's name stands in place of a key"],
    ["sk-1\n", "the key holds a space, a line break"],
    ["", "expected"],
  ])("is refused in code where it cannot be one: %j", (apiKey, expected) => {
    const problems = problemsOf({ access: {}, targets: { a: { provider: "openai", apiKey } } });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(expected);
  });
});

it("a secret that was never read is not taken for one that is empty", () => {
  const { targets } = schema.parse({ targets: { a: { provider: "openai", apiKey: "env:KEY" } } });
  expect(() => targets.a?.apiKey?.reveal()).toThrow("env:KEY has not been read");
});
