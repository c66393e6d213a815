import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { echoes, type Script } from "../../../adapters/testing.ts";
import { createKey, parseConfig } from "../../../src/index.ts";
import { type LoopbackProvider, startProvider } from "../../doubles/provider.ts";
import { buildProgram, type Started } from "../cli/program.ts";
import { until } from "../scene.ts";

const run = promisify(execFile);
const page = readFileSync(new URL("../../../docs/any-program.md", import.meta.url), "utf8");
const blocks = (language: string): readonly string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(([, text = ""]) => text);

const said = "I am maria.lopez@example.com";
const { key, hash } = createKey();

/** The page's config, with a key that is one and providers that are here. */
function configFor(url: string): string {
  const [config = ""] = blocks("yaml");
  const filled = config.replace("sha256:…", hash).replace(/(apiKey: env:\w+)/g, `$1, baseUrl: "${url}/v1"`);
  expect(filled).not.toContain("…");
  return filled;
}

/** The page's variables, for the address that the sidecar has. */
function environmentFor(address: string, names: RegExp): Record<string, string> {
  const lines = [...page.matchAll(/^export (\w+)=(\S+)$/gm)];
  const values = lines.map(([, name = "", value = ""]): [string, string] => [
    name,
    value.replace("127.0.0.1:8787", address).replace("psk_…", key),
  ]);
  return Object.fromEntries(values.filter(([name]) => names.test(name)));
}

/** Answers as a provider does, for listing and counting too. */
const provides: Script = (request, number) => {
  const json = (value: object) => ({
    headers: { "content-type": "application/json" },
    pieces: [JSON.stringify(value)],
  });
  if (request.method === "GET") return json({ object: "list", data: [{ id: "one" }, { id: "two" }], has_more: false });
  return request.url.includes("count_tokens") ? json({ input_tokens: 7 }) : echoes(request, number);
};

const program = buildProgram();
let provider: LoopbackProvider;
let sidecar: Started;
let address: string;
beforeAll(async () => {
  provider = await startProvider();
  provider.answer(provides);
  const config = join(program.folder, "postern.yaml");
  writeFileSync(config, configFor(provider.url));
  const operator = { OPENAI_API_KEY: "sk-operator", ANTHROPIC_API_KEY: "sk-ant-operator" };
  const [, serve = []] =
    blocks("sh")[0]
      ?.trim()
      .match(/^npx postern (.*)$/)
      ?.map((words) => words.split(" ")) ?? [];
  sidecar = program.start(
    serve.map((word) => word.replace("8787", "0").replace("postern.yaml", config)),
    operator,
  );
  await until(() => sidecar.error().includes('"listening"'));
  address = /"address":"([^"]+)"/.exec(sidecar.error())?.[1] ?? "";
});
afterAll(async () => {
  sidecar.child.kill("SIGTERM");
  expect(await sidecar.ended).toBe(0);
  program.remove();
  await provider.close();
});

/** What the program says, with nothing but these variables, and what of it reached the provider. */
async function runs(name: string, environment: Record<string, string>) {
  const start = provider.requests.length;
  const file = fileURLToPath(new URL(`./programs/${name}.mjs`, import.meta.url));
  const { stdout } = await run(process.execPath, [file, said], {
    env: { PATH: process.env.PATH ?? "", ...environment },
    timeout: 30_000,
  });
  return { got: JSON.parse(stdout), seen: provider.requests.slice(start) };
}

describe("a program that knows only its provider's variables", () => {
  it("of OpenAI's: whole, streamed, and the list of models", async () => {
    const { got, seen } = await runs("openai", environmentFor(address, /^OPENAI_/));
    expect(got).toEqual({ whole: said, streamed: said, models: ["one", "two"] });
    expect(seen.map(({ url }) => url)).toEqual(["/v1/chat/completions", "/v1/chat/completions", "/v1/models"]);
    for (const { headers } of seen) expect(headers.authorization).toBe("Bearer sk-operator");
    for (const { body } of seen.slice(0, 2)) expect(body).toContain("I am [EMAIL_1]");
  });

  it.each([
    ["the token", (named: Record<string, string>) => named],
    ["the key", ({ ANTHROPIC_AUTH_TOKEN: value = "", ...rest }) => ({ ...rest, ANTHROPIC_API_KEY: value })],
  ])("of Anthropic's, with %s: whole, streamed, models, and counting", async (_what, named) => {
    const { got, seen } = await runs("anthropic", named(environmentFor(address, /^ANTHROPIC_/)));
    expect(got).toEqual({ whole: said, streamed: said, models: ["one", "two"], tokens: 7 });
    const paths = ["/v1/messages", "/v1/messages", "/v1/models", "/v1/messages/count_tokens"];
    expect(seen.map(({ url }) => url)).toEqual(paths);
    for (const { headers, method, body } of seen) {
      expect(JSON.stringify(headers)).toContain("sk-ant-operator");
      expect(JSON.stringify(headers)).not.toContain(key);
      if (method === "POST") expect(body).toContain("I am [EMAIL_1]");
    }
  });

  it("leaves no trace of what was said or of a key in what the sidecar writes", () => {
    expect(sidecar.out() + sidecar.error()).not.toMatch(new RegExp(`maria|${key}|operator`));
  });
});

describe("the page of any program", () => {
  it("has a second config that is one", () => {
    const [, second = ""] = blocks("yaml");
    expect(parseConfig(second).redaction).toMatchObject({ secrets: "mask", pii: { ipAddress: "off" } });
  });

  it("has no block that nothing here looks at", () => {
    expect(page.match(/^```/gm)).toHaveLength(2 * (blocks("yaml").length + blocks("sh").length));
  });
});
