import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createTestGateway, echoes } from "../adapters/testing.ts";
import { createGateway, createKey, parseConfig, silent } from "../src/index.ts";
import { startProvider } from "./doubles/provider.ts";
import { bundle, diagnose } from "./readme-blocks.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");
const scripts: Record<string, string> = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).scripts;
const email = "maria.lopez@example.com";

interface Block {
  readonly language: string;
  readonly text: string;
  /** The line above it: what the block is for. */
  readonly title: string;
}

const blocks: readonly Block[] = [...readme.matchAll(/^(.*)\n+```(\w*)\n([\s\S]*?)^```$/gm)].map(
  ([, title = "", language = "", text = ""]) => ({ title, language, text }),
);
const of = (language: string): readonly Block[] => blocks.filter((block) => block.language === language);

/** What is typed into a shell, without its comments. */
const commands = of("").flatMap(({ text }) => text.split("\n").map((line) => line.replace(/\s+#.*/, "")));

describe("README", () => {
  it("has no block that nothing here looks at", () => {
    expect(readme.match(/^```/gm)).toHaveLength(2 * blocks.length);
    expect(blocks.map(({ language }) => language).sort()).toEqual(
      ["", "", "json", "json", ...Array<string>(7).fill("ts"), "yaml"].sort(),
    );
  });

  /** Red when a script is renamed. */
  it("names npm scripts that exist", () => {
    const named = [
      ...commands.join("\n").matchAll(/npm (?:run (?:--silent )?)?([\w:]+)/g),
      ...readme.matchAll(/`npm run ([\w:]+)/g),
    ];
    const own = named.map(([, script = ""]) => script).filter((script) => script !== "ci");
    expect(new Set(own)).toEqual(new Set(["start", "test", "bench", "envoy", "envoy:example", "envoy:bootstrap"]));
    for (const script of own) expect(Object.keys(scripts)).toContain(script);
    for (const line of commands.filter((command) => command !== ""))
      expect(line).toMatch(/^npm (?:ci && npm \w+|run (?:--silent )?[\w:]+ -- .+)$/);
  });

  /** Red when a file moves. */
  it("names files that exist", () => {
    const named = [...readme.matchAll(/`((?:src|examples)\/[\w./-]+)`|\]\(([\w./-]+\.md)\)/g)].map(
      ([, path, link]) => path ?? link ?? "",
    );
    expect(named.length).toBeGreaterThan(4);
    for (const path of named) expect([path, existsSync(join(root, path))]).toEqual([path, true]);
  });

  /** Red when what leaves is not, byte for byte, what stands there. */
  it("shows what leaves byte for byte", async () => {
    const [sent = "", left = ""] = of("json").map(({ text }) => text.trim());
    const targets = [{ target: "openai", model: "gpt-5-mini" }];
    const test = createTestGateway({ targets: { openai: { provider: "openai" } }, models: { fast: { targets } } });
    test.answer(echoes);
    const headers = { "content-type": "application/json", authorization: "Bearer sk-own" };
    const url = "https://api.openai.com/v1/chat/completions";
    const answer = await test.fetch(url, { method: "POST", headers, body: sent });
    const text = await answer.text();
    const said = [...text.matchAll(/"content":"((?:[^"\\]|\\.)*)"/g)].map(([, content]) => content).join("");
    expect(test.requests.map(({ body }) => body)).toEqual([left]);
    expect(said).toBe(JSON.parse(sent).messages[0].content);
    await test.close();
  });
});

describe("README's config", () => {
  /** Red when a key of the config is renamed, or a value is no longer taken. */
  it("is one that a gateway takes, once keys and a list are filled in", async () => {
    const folder = mkdtempSync(join(tmpdir(), "postern-readme-"));
    writeFileSync(join(folder, "customers.txt"), "Wilhelmina Okonkwo\n");
    const environment = ["OPENAI_API_KEY", "OPENAI_EU_KEY", "ANTHROPIC_API_KEY"];
    for (const name of environment) process.env[name] ??= "sk-test";
    const [{ text } = { text: "" }] = of("yaml");
    const filled = text.replace("sha256:…", createKey().hash).replace("./customers.txt", join(folder, "customers.txt"));
    expect(filled.match(/…/)).toBeNull();
    const config = parseConfig(filled);
    expect(Object.keys(config.targets)).toEqual(["openai", "backup", "claude"]);
    const gateway = createGateway(config, { log: silent });
    await gateway.ready;
    await gateway.close();
    rmSync(folder, { recursive: true });
  });

  /** Red when the way to a key that stands beside it no longer makes one. */
  it("tells how to make a key", () => {
    const [, made] = readme.match(/node -e 'import\("postern"\)\.then\(\(p\) => console\.log\((.*)\)\)'/) ?? [];
    expect(made).toBe("p.createKey()");
    expect(createKey()).toMatchObject({ hash: expect.stringMatching(/^sha256:/) });
  });
});

const run = promisify(execFile);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

const create = `chat.completions.create({ model: "gpt-4.1-mini", messages: [{ role: "user", content: "I am ${email}" }] })`;
const said = (client: string) => `(await ${client}.${create}).choices[0].message.content`;

/** The client that a block has in its own comment. */
const clientIn = (text: string) => `(${text.match(/\/\/ (new OpenAI\(.*\))/)?.[1]})`;

/** A gateway as another process would be, where the environment says. */
const serving = (expression: string) => `await (async () => {
  const [{ createServer }, { createGateway }, { toNodeHandler }] =
    await Promise.all([import("node:http"), import("postern"), import("postern/node")]);
  await new Promise((ready) => createServer(toNodeHandler(createGateway())).listen(3000, "127.0.0.1", ready));
  return ${expression};
})()`;

/** What a reader does next, for each block by the line above it: the expression's value is what the caller gets. */
const next: readonly (readonly [title: string, gets: (text: string) => string, expected: string])[] = [
  ["Express", (text) => said(clientIn(text)), `I am ${email}`],
  ["`http-proxy-middleware`", (text) => said(clientIn(text)), `I am ${email}`],
  ["In process", () => said("openai"), `I am ${email}`],
  ["`node:http`", () => said('new OpenAI({ baseURL: "http://127.0.0.1:3000/v1" })'), `I am ${email}`],
  [
    "Hono",
    () =>
      said(
        'new OpenAI({ baseURL: "http://app.test/ai/v1", fetch: async (url, init) => app.fetch(new Request(url, init)) })',
      ),
    `I am ${email}`,
  ],
  ["The programs that call it", () => serving(said("openai")), `I am ${email}`],
  ["Your own tests", () => said("openai"), `Hello ${email}`],
];

describe("README's five lines a host", () => {
  const typescript = of("ts");
  let folder: string;
  beforeAll(() => {
    // Below the repository, so that what the blocks import is found as in a reader's own project.
    mkdirSync(join(root, "node_modules/.cache"), { recursive: true });
    folder = mkdtempSync(join(root, "node_modules/.cache/readme-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("stand there for each host", () => {
    expect(typescript.map(({ title }) => next.find(([start]) => title.startsWith(start))?.[0])).toEqual(
      next.map(([start]) => start),
    );
    for (const { text } of typescript) expect(text.trim().split("\n").length).toBeLessThanOrEqual(6);
  });

  /** Red when a name that they import, or an option, is renamed. */
  it("compile", () => {
    expect(diagnose(typescript.map(({ text }) => text))).toEqual([]);
  });

  /** Red when a host no longer hides, restores, or finds the caller's own provider. */
  it.each(next)("run: %s", async (title, gets, expected) => {
    const { text } = typescript.find((block) => block.title.startsWith(title)) as Block;
    const provider = await startProvider();
    provider.answer(echoes);
    const port = await freePort();
    const driver = `${text}
import Client from "openai";
const OpenAIClient = Client;
const got = await (async (OpenAI) => ${gets(text)})(OpenAIClient);
const seen = typeof test === "undefined" ? undefined : test.requests.map(({ body }) => body);
console.log(JSON.stringify({ got, seen }));
process.exit(0);`;
    const file = join(folder, `${typescript.findIndex((block) => block.title.startsWith(title))}.mjs`);
    await bundle(driver.replaceAll("3000", String(port)), file, provider.url);
    const client = { POSTERN_URL: `http://127.0.0.1:${port}`, POSTERN_KEY: "sk-own" };
    const env = { ...process.env, ...client, OPENAI_API_KEY: "sk-own", OPENAI_BASE_URL: undefined };
    const { stdout } = await run(process.execPath, [file], { env, timeout: 30_000 });
    const { got, seen = provider.requests.map(({ body }) => body) } = JSON.parse(
      stdout.trimEnd().split("\n").at(-1) ?? "",
    );
    expect(got).toBe(expected);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toContain("I am [EMAIL_1]");
    await provider.close();
  });
});
