import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import fc from "fast-check";
import { loadConfig, parseConfig } from "../../src/config/load.ts";
import { ConfigError } from "../../src/config/problems.ts";
import { dollar } from "../../src/config/units.ts";
import { errorOf, problemsOf } from "./support.ts";

const hash = `sha256:${"0".repeat(64)}`;
const text = `
# what a user writes
targets:
  openai: { provider: openai, apiKey: env:OPENAI_API_KEY }
  claude:
    provider: anthropic
    apiKey: env:ANTHROPIC_API_KEY
    timeouts: { connect: 500ms }
  local: { provider: openai, baseUrl: "http://127.0.0.1:11434/v1", trusted: true }
models:
  fast: { targets: [ { target: openai, model: gpt-5-mini }, { target: claude, model: claude-haiku-4-5 } ] }
access:
  keys: [ { id: web, hash: "${hash}", team: search, models: [fast], require: [customer] } ]
redaction:
  secrets: mask
budgets:
  - { scope: { team: search }, limit: "$200" }
  - { scope: { customer: "*" }, limit: "$0.05", window: day }
limits: { body: 1 MB }
`;
const environment = { OPENAI_API_KEY: "sk-openai-secret", ANTHROPIC_API_KEY: "sk-ant-secret\n" };

describe("a config that is right", () => {
  const config = parseConfig(text, { environment });

  it("has its units as numbers and its defaults filled in", () => {
    expect(config.targets.claude?.timeouts).toEqual({ connect: 500, firstByte: 120_000, idle: 60_000 });
    expect(config.budgets.map(({ limit, window }) => [limit, window])).toEqual([
      [200n * dollar, "month"],
      [dollar / 20n, "day"],
    ]);
    expect(config.limits.body).toBe(1_048_576);
    expect(config.redaction.pii.email).toBe("mask");
    expect(config.mode).toBe("enforce");
  });

  it("holds the secrets that it refers to, and shows none when it is printed", () => {
    expect(config.targets.openai?.apiKey?.reveal()).toBe("sk-openai-secret");
    expect(config.targets.claude?.apiKey?.reveal()).toBe("sk-ant-secret");
    expect(config.targets.local?.apiKey).toBeUndefined();
    const targets = config.targets;
    expect({ ...targets.openai?.apiKey }).toEqual({ reference: "env:OPENAI_API_KEY" });
    const printed = [
      inspect(targets, { depth: 9, showHidden: true }),
      JSON.stringify(targets),
      `${targets.openai?.apiKey}`,
    ];
    for (const print of printed) {
      expect(print).toContain("[secret env:OPENAI_API_KEY]");
      expect(print).not.toContain("sk-");
    }
  });

  it("has maps that hold what was written and nothing else", () => {
    for (const map of [config.targets, config.models, config.prices]) expect(map.constructor).toBeUndefined();
  });

  it.each(["", "# nothing yet\n", {}])("may be empty (%j)", (input) => {
    expect(parseConfig(input).targets).toEqual({});
  });

  it("may use anchors", () => {
    const { targets } = parseConfig("targets:\n  a: &one { provider: openai }\n  b: *one\n");
    expect(targets.b?.provider).toBe("openai");
  });

  it("may go in again, and is the same", () => {
    expect(parseConfig(config)).toBe(config);
  });

  it("may hold a key itself when it is an object made in code", () => {
    const made = { access: {}, targets: { openai: { provider: "openai", apiKey: "sk-in-code" } } } as const;
    const { targets } = parseConfig(made);
    expect(targets.openai?.apiKey?.reveal()).toBe("sk-in-code");
    expect(inspect(targets, { depth: 9, showHidden: true })).not.toContain("sk-in-code");
  });
});

describe("a config that is wrong", () => {
  it("names everything that is wrong at once, in order, each with its place and what to do", () => {
    const wrong = `targts: {}
targets:
  openai:
    provider: opnai
    timeouts: { idle: 10 }
  claude: {}
models:
  fast: { targets: [ { target: opnai } ] }
access:
  keys:
    - { id: web, hash: abc, allow: [taem] }
budgets:
  - { scope: { taem: x }, limit: 200 }
mode: 7
`;
    expect(problemsOf(wrong)).toEqual([
      '1:1 targts: the key targts is not known (did you mean "targets"?)',
      '4:15 targets.openai.provider: expected openai, anthropic (did you mean "openai"?)',
      '5:23 targets.openai.timeouts.idle: expected a duration such as "500ms", "10s", "5m", "1h" or "7d" (Between two chunks of an answer.)',
      "6:11 targets.claude.provider: the value is missing (add it: Whose wire the target speaks; openai stands for everything compatible with it.)",
      '8:32 models.fast.targets[0].target: there is no target opnai (did you mean "openai"?)',
      "11:24 access.keys[0].hash: expected sha256: and 64 lower-case hex digits (SHA-256 of the virtual key's bytes: sha256: and 64 lower-case hex digits.)",
      '11:37 access.keys[0].allow[0]: expected team, project, feature, customer (did you mean "team"?)',
      '13:16 budgets[0].scope.taem: the key taem is not known (did you mean "team"?)',
      '13:34 budgets[0].limit: expected an amount of dollars such as "$200" or "$0.05" (Dollars in one window.)',
      "14:7 mode: expected enforce, observe (choose one of: enforce, observe)",
    ]);
  });

  it("is one error, with a message for people and problems for programs", () => {
    const error = errorOf("targets:\n  a b: { provider: openai }\nmode: 7", { name: "postern.yaml" });
    expect(error.name).toBe("ConfigError");
    expect(error.message).toMatch(/^postern\.yaml has 2 problems:\n {2}2:3 /);
    expect(error.problems[1]).toEqual({
      line: 3,
      column: 7,
      path: "mode",
      message: "expected enforce, observe",
      hint: "choose one of: enforce, observe",
    });
  });

  it("has paths alone where it is an object", () => {
    const { problems } = errorOf({ targets: { openai: { provider: "openai", baseURL: "https://a.example/v1" } } });
    expect(problems).toEqual([
      {
        line: undefined,
        column: undefined,
        path: "targets.openai.baseURL",
        message: "the key baseURL is not known",
        hint: 'did you mean "baseUrl"?',
      },
    ]);
  });

  it.each([
    ["a list", "- a"],
    ["a text", "hello"],
    ["a list in place of a map", "targets: []"],
    ["a map in place of a list", "budgets: {}"],
    ["nothing in place of a map", "targets:"],
    ["nothing in place of a target", "targets: { a: }"],
    ["an action that is none", "redaction: { secrets: maks }"],
    ["an action that is none, for one format", "redaction: { secrets: { openai: maks } }"],
    ["a number for secrets", "redaction: { secrets: 7 }"],
    ["too long a timer", 'routing: { deadline: "30d" }'],
    ["no time at all", 'routing: { deadline: "0s" }'],
    ["no size at all", 'limits: { body: "0 B" }'],
    ["a key named like the prototype", "models: { __proto__: 1 }"],
    ["binary", "mode: !!binary aaaa"],
    ["a map that holds itself", "targets: &a { x: *a }"],
  ])("is %s", (_, input) => {
    const { problems } = errorOf(input);
    expect(problems.length).toBeGreaterThan(0);
    for (const { line, column, message, hint } of problems) {
      expect(line).toBeGreaterThan(0);
      expect(column).toBeGreaterThan(0);
      expect(message).not.toMatch(/invalid input|undefined/i);
      expect(hint).not.toBe("");
    }
  });

  it("throws nothing but its own error, whatever the text", () => {
    const word = fc.constantFrom(
      "targets",
      "models",
      "access",
      "keys",
      "a",
      "*a",
      "&a",
      "!x",
      "[",
      "{",
      "}",
      ",",
      ": ",
      "\n",
      "  ",
      "- ",
      '"',
      "\t",
      "|",
      "?",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.array(word).map((words) => words.join("")),
        ),
        (input) => {
          try {
            parseConfig(input);
          } catch (cause) {
            expect(cause).toBeInstanceOf(ConfigError);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it("throws nothing but its own error, whatever the object", () => {
    const key = fc.constantFrom(
      "targets",
      "openai",
      "provider",
      "models",
      "access",
      "keys",
      "redaction",
      "lists",
      "budgets",
      "scope",
      "__proto__",
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ maxDepth: 5 }, fc.jsonValue(), fc.array(tie("tree")), fc.dictionary(key, tie("tree"))),
    }));
    fc.assert(
      fc.property(tree, (input) => {
        try {
          parseConfig(input as object);
        } catch (cause) {
          expect(cause).toBeInstanceOf(ConfigError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("loadConfig", () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "postern-config-"));
  });
  afterAll(() => rm(directory, { recursive: true }));

  it("reads a file, and what the file names beside it", async () => {
    await writeFile(join(directory, "customers.txt"), "Ada Lovelace\n");
    await writeFile(join(directory, "key"), "sk-from-file\r\n");
    const path = join(directory, "postern.yaml");
    await writeFile(
      path,
      "access: {}\ntargets: { a: { provider: openai, apiKey: file:key } }\nredaction: { lists: [ { name: customer, file: customers.txt } ] }",
    );
    const config = await loadConfig(path);
    expect(config.targets.a?.apiKey?.reveal()).toBe("sk-from-file");
    expect(config.redaction.lists[0]?.file).toBe(join(directory, "customers.txt"));
  });

  it("names the file in its error", async () => {
    const path = join(directory, "wrong.yaml");
    await writeFile(path, "mode: off");
    await expect(loadConfig(path)).rejects.toThrow(`${path} has a problem:\n  1:7 mode: expected enforce, observe`);
  });

  it.each([
    ["is not there", "missing.yaml", undefined, "ENOENT"],
    ["is a directory", ".", undefined, "EISDIR"],
    ["is not UTF-8", "latin.yaml", Buffer.from("mode: \xe9", "latin1"), "not UTF-8"],
  ])("says so when the file %s", async (_, name, bytes, expected) => {
    if (bytes !== undefined) await writeFile(join(directory, name), bytes);
    const loading = loadConfig(join(directory, name));
    await expect(loading).rejects.toBeInstanceOf(ConfigError);
    await expect(loading).rejects.toThrow(expected);
  });
});
