import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { run as runCommand } from "../adapters/cli/run.ts";
import { echoes } from "../adapters/testing.ts";
import { createKey, parseConfig } from "../src/index.ts";
import { startProvider } from "./doubles/provider.ts";
import { bundle, diagnose } from "./readme-blocks.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const scripts: Record<string, string> = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).scripts;
const email = "maria.lopez@example.com";

const pages = ["start", "steps"].flatMap((folder) =>
  readdirSync(join(root, "docs", folder)).map((name) => `docs/${folder}/${name}`),
);
const textOf = (page: string): string => readFileSync(join(root, page), "utf8");
const blocksOf = (page: string, language: string): readonly string[] =>
  [...textOf(page).matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].flatMap(([, found, text = ""]) =>
    found === language ? [text] : [],
  );

/** A page's blocks are one program, in their order. */
const programOf = (page: string): string => blocksOf(page, "ts").join("\n");
const programs = pages.filter((page) => programOf(page) !== "");
const configs = pages.flatMap((page) => blocksOf(page, "yaml").map((text) => [page, text] as const));
const commands = pages.flatMap((page) =>
  blocksOf(page, "console").flatMap((text) =>
    text
      .trimEnd()
      .split("\n")
      .map((line) => [page, line] as const),
  ),
);

describe("the pages", () => {
  it("have no block that nothing here looks at", () => {
    expect(pages.length).toBeGreaterThan(10);
    for (const page of pages) {
      const looked = ["ts", "text", "yaml", "console"].flatMap((language) => blocksOf(page, language));
      expect([page, textOf(page).match(/^```/gm)?.length]).toEqual([page, 2 * looked.length]);
      expect([page, looked.length > 0]).toEqual([page, true]);
    }
  });

  /** Red when a page moves, or is not in the index. */
  it("are in the index, and link to what exists", () => {
    const index = textOf("docs/README.md");
    for (const page of pages) expect(index).toContain(`](${page.slice("docs/".length)})`);
    for (const page of ["docs/README.md", ...pages]) {
      const links = [...textOf(page).matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, link = ""]) => link);
      for (const link of links) {
        expect([page, link, existsSync(resolve(root, dirname(page), link))]).toEqual([page, link, true]);
      }
    }
  });
});

describe("the configs", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "postern-docs-"));
    writeFileSync(join(folder, "customers.txt"), "Wilhelmina Okonkwo\n");
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(configs)("are ones that a gateway takes: %s", (_, text) => {
    const environment = { OPENAI_API_KEY: "sk-1", OPENAI_EU_KEY: "sk-2", ANTHROPIC_API_KEY: "sk-3" };
    const config = parseConfig(text.replace("sha256:…", createKey().hash), { directory: folder, environment });
    expect(config.mode).toBe("enforce");
  });
});

describe("the commands", () => {
  it.each(commands)("are ones that there are: %s: %s", async (_, line) => {
    const [, script] = /^npm run (?:--silent )?(\S+)/.exec(line) ?? [];
    const [, command, rest = ""] = /^npx postern (\w+)(.*)$/.exec(line) ?? [];
    if (script !== undefined) return expect(Object.keys(scripts)).toContain(script);
    if (command === undefined) return expect(line).toMatch(/^(?:docker (?:build|run) |envoy -c )/);
    let usage = "";
    const code = await runCommand([command, "--help"], { out: (text) => (usage += text), error: () => {} });
    expect(code).toBe(0);
    for (const option of rest.match(/--[\w-]+/g) ?? []) expect(usage).toContain(option);
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === "object" && address !== null ? address.port : 0;
}

describe("the programs", () => {
  let folder: string;
  beforeAll(() => {
    mkdirSync(join(root, "node_modules/.cache"), { recursive: true });
    folder = mkdtempSync(join(root, "node_modules/.cache/docs-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("compile", () => {
    expect(diagnose(programs.map(programOf))).toEqual([]);
  });

  /** Red when a default, a code, a header or an answer that a page tells of is another one. */
  it.each(programs)("print what the page says: %s", async (page) => {
    const provider = await startProvider();
    provider.answer(echoes);
    const file = join(folder, `${page.replaceAll("/", "-")}.mjs`);
    const port = String(await freePort());
    await bundle(`${programOf(page).replaceAll("3000", port)}\nprocess.exit(0);`, file, provider.url);
    const env = { ...process.env, OPENAI_API_KEY: "sk-own", OPENAI_BASE_URL: undefined, NODE_OPTIONS: undefined };
    const { stdout } = await promisify(execFile)(process.execPath, [file], { env, timeout: 30_000 });
    expect(stdout).toBe(blocksOf(page, "text").join(""));
    expect(stdout).not.toBe("");
    for (const { body } of provider.requests) expect(body).not.toContain(email);
    await provider.close();
  });
});
