import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hashKey, parseConfig } from "../../../src/index.ts";
import { buildProgram, type Program } from "./program.ts";

let program: Program;
beforeAll(() => {
  program = buildProgram();
});
afterAll(() => program.remove());

async function says(...words: string[]) {
  const started = program.start(words);
  const code = await started.ended;
  return { code, out: started.out(), error: started.error() };
}

function place(name: string, text: string): string {
  const path = join(program.folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
  return path;
}

describe("scan", () => {
  const text = "Dear all,\nwrite to maria.lopez@example.com, or pay with 4111 1111 1111 1111.\n";

  it("tells kinds and places, and not what it found", async () => {
    const { code, out, error } = await says("scan", place("letter.txt", text), "--json");
    expect([code, error]).toEqual([1, ""]);
    const { counts, findings } = JSON.parse(out);
    expect(counts).toEqual({ email: 1, credit_card: 1 });
    expect(findings).toMatchObject([
      { rule: "email", action: "mask", line: 2, column: 10, length: 23 },
      { rule: "credit_card", line: 2, column: 47, length: 19 },
    ]);
    const { out: table } = await says("scan", place("letter.txt", text));
    expect(table).toContain("2:10");
    for (const shown of [out, table]) expect(shown).not.toMatch(/maria|4111/);
  });

  it("shows it where it is asked to", async () => {
    expect((await says("scan", place("letter.txt", text), "--show")).out).toContain("maria.lopez@example.com");
  });

  it("0 where nothing is found, also because a config does not look for it", async () => {
    expect(await says("scan", place("clean.txt", "good day"))).toEqual({ code: 0, out: "nothing found\n", error: "" });
    const config = place("off.yaml", "redaction: { pii: { email: off, creditCard: off } }\n");
    expect(await says("scan", place("letter.txt", text), "--config", config)).toMatchObject({ code: 0 });
  });

  it.each([
    ["no file", [], 2, "expected: scan FILE"],
    ["a flag that there is not", ["a", "--bogus"], 2, "--bogus"],
    ["a file that is not there", ["none.txt"], 1, "none.txt cannot be read (ENOENT)"],
  ])("says what is wrong: %s", async (_what, words, code, why) => {
    expect(await says("scan", ...words)).toMatchObject({ code, out: "", error: expect.stringContaining(why) });
  });
});

describe("keys in a config", () => {
  const start =
    "# who may call\naccess:\n  keys:\n    # the web site\n    - { id: web, hash: HASH, team: search } # ours\nmode: enforce # always\n";
  const old = "psk_old";
  const fresh = (name: string): string => place(name, start.replace("HASH", hashKey(old)));
  const entries = (path: string) => parseConfig(readFileSync(path, "utf8")).access?.keys ?? [];
  const comments = ["# who may call", "# the web site", "# ours", "# always"];

  it("are added, replaced and taken out; comments and mode stay", async () => {
    const path = fresh("keys.yaml");
    chmodSync(path, 0o640);
    const made = await says("keys", "create", "--id", "batch", "--config", path);
    const [first, second] = entries(path);
    expect(made).toEqual({ code: 0, out: expect.stringMatching(/^psk_\S+\n$/), error: "" });
    expect([first?.id, first?.hash, second?.id, second?.hash]).toEqual([
      "web",
      hashKey(old),
      "batch",
      hashKey(made.out.trim()),
    ]);
    const turned = await says("keys", "rotate", "web", "--config", path);
    expect(entries(path)[0]).toMatchObject({ id: "web", team: "search", hash: hashKey(turned.out.trim()) });
    expect(await says("keys", "revoke", "batch", "--config", path)).toMatchObject({
      code: 0,
      out: "batch is revoked\n",
    });
    expect(entries(path).map(({ id }) => id)).toEqual(["web"]);
    for (const comment of comments) expect(readFileSync(path, "utf8")).toContain(comment);
    expect(readFileSync(path, "utf8")).not.toContain("psk_");
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(readdirSync(program.folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("find their place where a config has none", async () => {
    const path = place("bare.yaml", "mode: observe # for now\n");
    expect(await says("keys", "create", "--id", "web", "--config", path)).toMatchObject({ code: 0 });
    expect(entries(path).map(({ id }) => id)).toEqual(["web"]);
    expect(readFileSync(path, "utf8")).toContain("# for now");
    const empty = place("empty.yaml", "access:\n  keys: []\n");
    expect(await says("keys", "create", "--id", "web", "--config", empty)).toMatchObject({ code: 0 });
    expect(entries(empty).map(({ id }) => id)).toEqual(["web"]);
  });

  it("are listed with hashes", async () => {
    const path = fresh("listed.yaml");
    const { code, out } = await says("keys", "list", "--config", path);
    expect([code, out]).toEqual([0, expect.stringContaining(hashKey(old))]);
    expect(JSON.parse((await says("keys", "list", "--config", path, "--json")).out)).toMatchObject([{ id: "web" }]);
  });

  it.each([
    ["rotate one that there is not", ["rotate", "none", "--config"], "holds no key none"],
    ["revoke one that there is not", ["revoke", "none", "--config"], "holds no key none"],
    ["create one that there is", ["create", "--id", "web", "--config"], "holds a key web already"],
  ])("leave the file alone: %s", async (_what, words, why) => {
    const path = fresh("alone.yaml");
    const before = readFileSync(path, "utf8");
    expect(await says("keys", ...words, path)).toMatchObject({ code: 1, out: "", error: expect.stringContaining(why) });
    expect(readFileSync(path, "utf8")).toBe(before);
  });

  it.each([[["list"]], [["rotate", "web"]], [["rotate"]], [["revoke", "a", "b"]], [["bogus"]]])(
    "takes other words than %j",
    async (words) => {
      expect(await says("keys", ...words)).toMatchObject({ code: 2, out: "" });
    },
  );
});

describe("prompts", () => {
  const first =
    '---\ninput:\n  schema:\n    name: string\n    count: integer\n---\n{{role "system"}}\nBe kind.\n{{history}}\n{{role "user"}}\n{{name}} has {{count}}.\n';
  const shelf = (): string => {
    place("shelf/support/1.prompt", first);
    place("shelf/support/2.prompt", first.replace("kind", "brief"));
    place("shelf/support/labels.yaml", "production: 1\n");
    return join(program.folder, "shelf");
  };

  it("are listed with versions and labels", async () => {
    const { code, out } = await says("prompts", "list", "--dir", shelf(), "--json");
    expect([code, JSON.parse(out)]).toEqual([
      0,
      { prompts: [{ name: "support", versions: [1, 2], unusable: [], labels: { production: 1 } }], problems: [] },
    ]);
  });

  it("are shown as they are written, from the folder that a config names", async () => {
    shelf();
    const config = place("prompts.yaml", "prompts: { from: shelf }\n");
    expect(await says("prompts", "show", "support@2", "--config", config)).toEqual({
      code: 0,
      out: first.replace("kind", "brief"),
      error: "",
    });
  });

  it("are rendered with variables of their types; a value stays text", async () => {
    const vars = place("vars.json", '{"count": 3, "name": "Ann"}');
    const words = [
      "prompts",
      "render",
      "support",
      "--dir",
      shelf(),
      "--vars",
      vars,
      "--var",
      "name={{role}}",
      "--json",
    ];
    const { code, out } = await says(...words);
    expect([code, JSON.parse(out)]).toEqual([
      0,
      {
        name: "support",
        version: 1,
        messages: [{ role: "system", text: "Be kind." }, "history", { role: "user", text: "{{role}} has 3." }],
      },
    ]);
  });

  it("refuse a variable that is missing, or is of another type, and do not quote it", async () => {
    const render = ["prompts", "render", "support", "--dir", shelf(), "--var", "name=Ann"];
    expect(await says(...render)).toMatchObject({ code: 1, out: "", error: expect.stringContaining("count") });
    const wrong = await says(...render, "--var", "count=forty-two");
    expect(wrong).toMatchObject({ code: 1, out: "", error: expect.stringContaining("prompt_variables") });
    expect(wrong.error).not.toContain("forty-two");
  });

  it("are compared line by line", async () => {
    const { code, out } = await says("prompts", "diff", "support@1", "support@latest", "--dir", shelf());
    expect(code).toBe(1);
    expect(out).toContain("-Be kind.\n+Be brief.\n");
    expect(await says("prompts", "diff", "support@1", "support@production", "--dir", shelf())).toEqual({
      code: 0,
      out: "",
      error: "",
    });
  });

  it("say where one is broken", async () => {
    place("broken/support/1.prompt", "---\nmodel: fast\n");
    const { code, error } = await says("prompts", "list", "--dir", join(program.folder, "broken"));
    expect([code, error]).toEqual([1, expect.stringContaining("support/1.prompt:1:1")]);
  });

  it.each([
    ["no folder", ["list"], 2, "--dir"],
    ["no name", ["show", "--dir", "x"], 2, "expected"],
    ["a variable without a value", ["render", "support", "--dir", "shelf", "--var", "name"], 2, "--var"],
    ["a folder that is not there", ["list", "--dir", "nowhere"], 1, "ENOENT"],
    ["a prompt that there is not", ["show", "none", "--dir", "shelf"], 1, "there is no prompt none"],
  ])("say what is wrong: %s", async (_what, words, code, why) => {
    shelf();
    expect(await says("prompts", ...words)).toMatchObject({ code, out: "", error: expect.stringContaining(why) });
  });
});
