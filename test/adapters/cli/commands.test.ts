import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toTable } from "../../../adapters/cli/print.ts";
import { run } from "../../../adapters/cli/run.ts";
import { hashKey, parseConfig } from "../../../src/index.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function says(...words: string[]) {
  const said = { out: "", error: "" };
  const code = await run(words, {
    out: (text) => {
      said.out += text;
    },
    error: (text) => {
      said.error += text;
    },
  });
  return { code, ...said };
}

function place(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("the command line", () => {
  it("lists its commands", async () => {
    const { code, out } = await says("--help");
    expect(code).toBe(0);
    for (const name of ["serve", "init", "check", "keys", "spend", "calls"]) expect(out).toContain(`\n  ${name}`);
    expect(await says()).toEqual({ code, out, error: "" });
  });

  it.each([["serve"], ["init"], ["check"], ["keys"], ["spend"], ["calls"]])(
    "%s explains itself, and what it does not know",
    async (name) => {
      expect(await says(name, "--help")).toMatchObject({ code: 0, out: expect.stringContaining(`postern ${name}`) });
      expect(await says(name, "--bogus")).toMatchObject({
        code: 2,
        out: "",
        error: expect.stringContaining("--bogus"),
      });
    },
  );

  it("does not know a command that there is not", async () => {
    expect(await says("bogus")).toMatchObject({ code: 2, out: "", error: expect.stringContaining("no command") });
    expect(await says("constructor")).toMatchObject({ code: 2 });
  });
});

describe("init", () => {
  it("writes a config that is valid, and never over another", async () => {
    const path = join(folder, "fresh.yaml");
    expect(await says("init", path)).toMatchObject({ code: 0 });
    const environment = { OPENAI_API_KEY: "sk-one", ANTHROPIC_API_KEY: "sk-two" };
    expect(Object.keys(parseConfig(readFileSync(path, "utf8"), { environment }).targets)).toEqual([
      "openai",
      "anthropic",
    ]);
    writeFileSync(path, "mine");
    expect(await says("init", path)).toMatchObject({ code: 1, error: `${path} is there already\n` });
    expect(readFileSync(path, "utf8")).toBe("mine");
  });
});

describe("check", () => {
  const good = "targets: { local: { provider: openai, baseUrl: http://127.0.0.1:1/v1 } }\n";

  it("0 for a valid config, and what is in it", async () => {
    const path = place("good.yaml", good);
    expect(await says("check", path)).toMatchObject({ code: 0, out: expect.stringContaining("targets  local") });
    const { code, out } = await says("check", path, "--json");
    expect([code, JSON.parse(out)]).toMatchObject([0, { valid: true, problems: [], targets: ["local"] }]);
  });

  it("1 for one that is not, with line and column", async () => {
    const path = place("wrong.yaml", `${good}budgets: 7\n`);
    expect(await says("check", path)).toMatchObject({
      code: 1,
      out: "",
      error: expect.stringContaining("2:10 budgets"),
    });
    const { code, out } = await says("check", path, "--json");
    expect([code, JSON.parse(out)]).toMatchObject([
      1,
      { valid: false, problems: [{ line: 2, column: 10, path: "budgets" }] },
    ]);
  });
});

describe("keys create", () => {
  it("prints a key, and the entry that lets it in", async () => {
    const { code, out } = await says("keys", "create", "--id", "web", "--team", "search");
    const [key = "", , ...rest] = out.split("\n");
    expect(code).toBe(0);
    const { access } = parseConfig(rest.join("\n"));
    expect(access?.keys).toMatchObject([{ id: "web", team: "search", hash: hashKey(key) }]);
    const { key: other, entry } = JSON.parse((await says("keys", "create", "--json")).out);
    expect(entry).toEqual({ id: "new-key", hash: hashKey(other) });
    expect(other).not.toBe(key);
  });

  it("takes no name that a config would read otherwise", async () => {
    expect(await says("keys", "create", "--id", "a: b\nc")).toMatchObject({ code: 2, out: "" });
  });
});

describe("spend", () => {
  it.each([
    ["a group that there is not", ["any.db", "--by", "secret"], 2, "--by takes some of"],
    ["an age that is none", ["any.db", "--since", "soon"], 2, "--since takes an age"],
    ["a file that is not there", [join(folder, "none.db")], 1, "no such file"],
  ])("says what is wrong: %s", async (_what, words, code, why) => {
    expect(await says("spend", ...words)).toMatchObject({ code, out: "", error: expect.stringContaining(why) });
  });
});

describe("a table", () => {
  it("shows no control character of a caller's", () => {
    expect(
      toTable([
        ["model", "calls"],
        ["\u001b[2Jfast", "2"],
      ]),
    ).toBe("model     calls\n?[2Jfast  2\n");
  });
});
