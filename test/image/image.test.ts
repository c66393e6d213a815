import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { echoes } from "../../adapters/testing.ts";
import { readDockerfile } from "../../scripts/image/dockerfile.ts";
import { buildTree, type Tree } from "../../scripts/image/tree.ts";
import { createKey } from "../../src/index.ts";
import { until } from "../adapters/scene.ts";
import { startProvider } from "../doubles/provider.ts";

const checkout = fileURLToPath(new URL("../../", import.meta.url));
const text = (path: string): string => readFileSync(join(checkout, path), "utf8");
const stages = readDockerfile(text("Dockerfile"));
const email = "maria.lopez@example.com";

describe("the Dockerfile", () => {
  const last = stages.at(-1);

  it("ends in a process that is not root, whose health is asked for", () => {
    expect(last?.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(last?.health?.join(" ")).toContain("http://127.0.0.1:8787/postern/health/ready");
    expect(last?.command).toEqual(["serve", "--host", "0.0.0.0", "--config", "/etc/postern/config.yaml"]);
  });

  /** Red when one of the two is changed without the other: Docker would not find a file, or would be sent what it does not need. */
  it("copies what .dockerignore lets through, all of it and nothing else", () => {
    const copied = stages.flatMap(({ instructions }) =>
      instructions.flatMap((each) => (each.kind === "copy" && each.from === undefined ? each.sources : [])),
    );
    const passed = [...text(".dockerignore").matchAll(/^!(.*)$/gm)].map(([, path]) => path);
    expect(new Set(passed)).toEqual(new Set(copied));
    expect(text(".dockerignore")).toMatch(/^\*$/m);
  });

  it("is understood whole", () => {
    expect(() => readDockerfile("FROM a AS b\nADD x y")).toThrow("ADD");
  });
});

/** Why the image cannot be started here; with CI a root that cannot is a failure. */
function obstacle(): string | undefined {
  if (process.platform !== "linux") return "needs Linux";
  if (process.getuid?.() !== 0) return "needs root, for chroot";
  return spawnSync("chroot", ["/", "true"]).status === 0 || process.env.CI ? undefined : "chroot is not permitted here";
}

const reason = obstacle();
const where = reason === undefined ? describe : describe.skip;

where(`the image's files under chroot${reason === undefined ? "" : ` (left out: ${reason})`}`, () => {
  let tree: Tree;
  const running = new Set<ChildProcess>();
  beforeAll(() => {
    tree = buildTree(checkout, join(checkout, ".cache/image"));
  }, 300_000);
  afterAll(() => {
    for (const child of running) child.kill("SIGKILL");
  });

  /** As the image's user, in the image's files alone. */
  const inside = (words: readonly string[]): readonly string[] => [
    `--userspec=${tree.stage.user}`,
    `--groups=${tree.stage.user?.split(":")[1]}`,
    tree.root,
    "/usr/local/bin/node",
    ...words,
  ];
  const run = (words: readonly string[]) =>
    spawnSync("chroot", inside(words), { encoding: "utf8", env: { PATH: process.env.PATH } });

  async function serve(config: string) {
    mkdirSync(join(tree.root, "etc/postern"), { recursive: true });
    writeFileSync(join(tree.root, "etc/postern/config.yaml"), config);
    const [, ...program] = tree.stage.entrypoint;
    const words = [...program, ...tree.stage.command, "--host", "127.0.0.1", "--port", "0"];
    const child = spawn("chroot", inside(words), {
      env: { PATH: process.env.PATH, OPENAI_API_KEY: "sk-operator" },
      stdio: "pipe",
    });
    running.add(child);
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes: Buffer) => (said += bytes.toString()));
    const ended = once(child, "close").then(([code]) => code as number | null);
    await until(() => said.includes('"listening"'));
    return { child, ended, url: `http://${/"address":"([^"]+)"/.exec(said)?.[1]}`, said: () => said };
  }

  it("serves, says that it is healthy, protects a call, and ends with 0", async () => {
    const provider = await startProvider();
    provider.answer(echoes);
    const { key, hash } = createKey();
    const { child, ended, url, said } = await serve(`
targets: { local: { provider: openai, baseUrl: "${provider.url}/v1", apiKey: env:OPENAI_API_KEY } }
access: { keys: [ { id: web, hash: "${hash}" } ] }
`);
    const [, ...probe] = (tree.stage.health ?? []).map((word) => word.replace("http://127.0.0.1:8787", url));
    expect(run(probe)).toMatchObject({ status: 0 });
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
      body: JSON.stringify({ model: "gpt-5-mini", messages: [{ role: "user", content: `I am ${email}` }] }),
    });
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining(`I am ${email}`)]);
    expect(provider.requests.map(({ body }) => body)).toEqual([expect.stringContaining("I am [EMAIL_1]")]);
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
    expect(said()).not.toContain(email);
    expect(run(probe)).toMatchObject({ status: 1 });
    await provider.close();
  });

  /** Red when a file belongs to the image's user, or is anybody's to write. */
  it("gives its user nothing to write to", () => {
    const look = `const { accessSync, constants, readdirSync } = require("node:fs");
const paths = ["/", ...readdirSync("/", { recursive: true }).map((path) => "/" + path)];
const writable = paths.filter((path) => { try { accessSync(path, constants.W_OK); return true; } catch { return false; } });
console.log(JSON.stringify({ seen: paths.length, writable, user: process.getuid() }));`;
    const { seen, writable, user } = JSON.parse(run(["-e", look]).stdout);
    expect(seen).toBeGreaterThan(100);
    expect({ writable, user }).toEqual({ writable: [], user: 65532 });
  });

  it("holds what runs and nothing else", () => {
    const modules = execFileSync("ls", [join(tree.root, "postern/node_modules")], { encoding: "utf8" });
    expect(modules).toContain("undici");
    expect(modules).not.toMatch(/jest|typescript|esbuild/);
    const [top] = [
      execFileSync("ls", [join(tree.root, "postern")], { encoding: "utf8" })
        .trim()
        .split("\n"),
    ];
    expect(top).toEqual(["LICENSE", "dist", "node_modules", "package.json"]);
  });
});
