import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openReader } from "../../../src/stores/sqlite-reader.ts";
import { gate } from "../../doubles/gate.ts";
import { type LoopbackProvider, startProvider } from "../../doubles/provider.ts";
import { chunk, email, hello, inTwo, streams, until } from "../scene.ts";
import { buildProgram, type Started } from "./program.ts";

const program = buildProgram();
afterAll(() => program.remove());

let provider: LoopbackProvider;
beforeEach(async () => {
  provider = await startProvider();
});
afterEach(() => provider.close());

const yaml = (more = ""): string => `targets: { local: { provider: openai, baseUrl: "${provider.url}/v1" } }
models: { fast: { targets: [{ target: local, model: gpt-5-mini }] } }
${more}`;

function place(name: string, text: string): string {
  const path = join(program.folder, name);
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
  return path;
}

async function serving(words: readonly string[], environment?: Record<string, string>) {
  const running: Started = program.start(["serve", "--port", "0", ...words], environment);
  await until(() => running.error().includes('"listening"'));
  const address = /"address":"([^"]+)"/.exec(running.error())?.[1] ?? "";
  const admin = /"admin":"([^"]+)"/.exec(running.error())?.[1] ?? "";
  const ask = (content: string, more: object = {}): Promise<Response> =>
    fetch(`http://${address}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "fast", messages: [{ role: "user", content }], ...more }),
    });
  const probe = async (name: string) => (await fetch(`http://${address}/postern/health/${name}`)).status;
  return { ...running, address, admin, ask, probe };
}

const stopped = async ({ child, ended }: Started): Promise<number | null> => {
  child.kill("SIGTERM");
  return ended;
};

describe("postern serve", () => {
  it("listens on loopback, tells that it is ready, protects, and ends with 0", async () => {
    const running = await serving(["--config", place("plain.yaml", yaml())]);
    expect(running.address).toMatch(/^127\.0\.0\.1:/);
    expect([await running.probe("live"), await running.probe("ready")]).toEqual([200, 200]);
    expect((await running.ask(`I am ${email}`)).status).toBe(200);
    expect(provider.requests[0]?.body).toContain("[EMAIL_1]");
    expect(await stopped(running)).toBe(0);
    expect(running.out() + running.error()).not.toContain(email);
  });

  it("is followed by calls tail, with no text of a call", async () => {
    const database = join(program.folder, "tail.db");
    const running = await serving(["--config", place("tail.yaml", yaml(`stores: { records: "sqlite:${database}" }`))]);
    await running.ask("Before.");
    const tail = program.start(["calls", "tail", database, "--json"]);
    await until(() => tail.error() === "following\n");
    const answer = await running.ask(`I am ${email}`);
    const id = answer.headers.get("x-postern-call-id") ?? "none";
    await until(() => tail.out().includes(id) && tail.out().endsWith("\n"));
    tail.child.kill("SIGINT");
    expect(await tail.ended).toBe(0);
    const lines = tail.out().trim().split("\n");
    expect(lines.map((line) => JSON.parse(line).receipt.id)).toContain(id);
    expect(tail.out()).not.toContain(email);
    expect(await stopped(running)).toBe(0);
  });

  it("after SIGTERM lets a stream finish, refuses what is new, and has written its records", async () => {
    const rest = gate();
    provider.answer(inTwo(rest.opened));
    const database = join(program.folder, "drain.db");
    const config = yaml(`stores: { records: "sqlite:${database}", ledger: "sqlite:${database}" }`);
    const running = await serving(["--config", place("drain.yaml", config)]);
    const answer = await running.ask("Hi.", { stream: true });
    running.child.kill("SIGTERM");
    await until(() => running.error().includes('"draining"'));
    expect([await running.probe("live"), await running.probe("ready")]).toEqual([200, 503]);
    const refused = await running.ask("Me too.");
    expect([refused.status, await refused.json()]).toMatchObject([503, { error: { code: "draining" } }]);
    rest.open();
    const text = await answer.text();
    expect(text).toContain("Two");
    expect(text).toContain("[DONE]");
    expect(await running.ended).toBe(0);
    const reader = openReader(database);
    expect(reader.listCalls()).toHaveLength(1);
    reader.close();
  });

  it("after SIGTERM waits no longer than it was told", async () => {
    provider.answer(
      streams(
        (async function* () {
          yield chunk({ content: "One" });
          await new Promise(() => {});
        })(),
      ),
    );
    const running = await serving(["--config", place("bound.yaml", yaml()), "--drain", "0"]);
    const answer = await running.ask("Hi.", { stream: true });
    running.child.kill("SIGTERM");
    expect(await answer.text().catch(() => "")).not.toContain("[DONE]");
    expect(await running.ended).toBe(0);
  });

  it("a caller of a process that was killed hears of it", async () => {
    provider.answer(
      streams(
        (async function* () {
          yield chunk({ content: "One" });
          await new Promise(() => {});
        })(),
      ),
    );
    const running = await serving(["--config", place("killed.yaml", yaml())]);
    const answer = await running.ask("Hi.", { stream: true });
    running.child.kill("SIGKILL");
    await expect(answer.text()).rejects.toThrow();
    expect(await running.ended).toBeNull();
  });

  it("gives its metrics to whoever shows the token", async () => {
    const environment = { POSTERN_ADMIN_TOKEN: "tell-me" };
    const running = await serving(["--config", place("admin.yaml", yaml()), "--admin-port", "0"], environment);
    await (await running.ask(`I am ${email}`)).text();
    const read = (headers: Record<string, string>) => fetch(`http://${running.admin}/metrics`, { headers });
    expect((await read({})).status).toBe(401);
    expect((await read({ authorization: "Bearer other" })).status).toBe(401);
    const text = await (await read({ authorization: "Bearer tell-me" })).text();
    expect(text).toContain('postern_calls_total{outcome="answered",code="",dialect="openai-chat"} 1\n');
    expect(text).toContain('postern_findings_total{type="EMAIL",action="masked"} 1\n');
    expect(text).toContain("postern_calls_in_flight 0\n");
    expect(text).not.toContain(email);
    expect((await fetch(`http://${running.address}/metrics`)).status).toBe(403);
    expect(await stopped(running)).toBe(0);
  });

  it.each([
    ["an option that there is not", ["--bogus"], 2, "--bogus"],
    ["a port that is none", ["--port", "http"], 2, "--port takes a whole number"],
    ["an admin port without a token", ["--admin-port", "0"], 2, "POSTERN_ADMIN_TOKEN"],
    ["a config that is not there", ["--config", "missing.yaml"], 1, "cannot be read"],
  ])("ends at once and says why: %s", async (_what, words, code, why) => {
    const running = program.start(["serve", ...words], { POSTERN_ADMIN_TOKEN: "" });
    expect(await running.ended).toBe(code);
    expect(running.error()).toContain(why);
    expect(running.error()).not.toMatch(/^\s+at /m);
  });
});

describe("postern spend", () => {
  it("adds up what was recorded", async () => {
    const database = join(program.folder, "spend.db");
    const running = await serving(["--config", place("spend.yaml", yaml(`stores: { records: "sqlite:${database}" }`))]);
    for (let call = 0; call < 2; call++) await (await running.ask("Hi.")).text();
    expect(await stopped(running)).toBe(0);
    const listed = program.start(["spend", database, "--by", "model,target", "--json"]);
    expect(await listed.ended).toBe(0);
    const group = { model: "fast", target: "local" };
    expect(JSON.parse(listed.out())).toEqual([{ group, calls: 2, input: 18, output: 2, cost: "0.0000085" }]);
    const table = program.start(["spend", database]);
    await table.ended;
    expect(
      table
        .out()
        .split("\n")
        .map((line) => line.split(/ +/)),
    ).toEqual([
      ["team", "model", "calls", "input", "output", "cost"],
      ["-", "fast", "2", "18", "2", "$0.0000085"],
      [""],
    ]);
  });
});

describe("postern calls", () => {
  it("lists what was recorded and shows one", async () => {
    const database = join(program.folder, "calls.db");
    const running = await serving(["--config", place("calls.yaml", yaml(`stores: { records: "sqlite:${database}" }`))]);
    await (await running.ask(`I am ${email}`)).text();
    expect(await stopped(running)).toBe(0);
    const said = async (...words: string[]) => {
      const listed = program.start(["calls", ...words]);
      return { code: await listed.ended, text: listed.out() };
    };
    const { receipt } = JSON.parse((await said("list", database, "--json")).text)[0];
    expect(receipt).toMatchObject({ outcome: "answered", model: "fast", target: "local" });
    expect((await said("list", database)).text).toMatch(
      new RegExp(`^id .*\\n${receipt.id}  .* answered  200 .* fast .* local `),
    );
    const shown = await said("show", database, receipt.id);
    expect(JSON.parse(shown.text).receipt).toEqual(receipt);
    expect(shown.text).not.toContain(email);
    expect(await said("show", database, "none")).toEqual({ code: 1, text: "" });
  });
});

describe("a config that changes while it is served", () => {
  const renamed = (model: string): string => yaml().replace("fast:", `${model}:`);

  it("is read again when Kubernetes swaps the link to it", async () => {
    const folder = join(program.folder, "mounted");
    const version = (name: string, text: string): void => {
      mkdirSync(join(folder, name), { recursive: true });
      writeFileSync(join(folder, name, "postern.yaml"), text);
      symlinkSync(name, join(folder, "..next"));
      renameSync(join(folder, "..next"), join(folder, "..data"));
    };
    version("..one", renamed("before"));
    symlinkSync("..data/postern.yaml", join(folder, "postern.yaml"));
    const running = await serving(["--config", join(folder, "postern.yaml")]);
    version("..two", renamed("after"));
    await until(() => running.error().includes("config reloaded"));
    expect((await running.ask("Hi.", { model: "after" })).status).toBe(200);
    expect(provider.requests[0]?.body).toContain("gpt-5-mini");
    expect(await stopped(running)).toBe(0);
  });

  it("stays as it was when the new one is not valid or empty, which is said with line and column", async () => {
    const path = place("bad.yaml", yaml());
    const running = await serving(["--config", path]);
    place("bad.yaml", `${yaml()}\nredaction: { bogus: true }\n`);
    await until(() => running.error().includes("the old one stays"));
    expect(running.error()).toMatch(/"problems":\[\{"line":4,"column":14/);
    place("bad.yaml", "");
    await until(() => running.error().includes("the config is empty"));
    expect((await running.ask(`I am ${email}`)).status).toBe(200);
    expect(provider.requests[0]?.body).toContain("[EMAIL_1]");
    expect(await stopped(running)).toBe(0);
  });

  it("is read on SIGHUP although it is the same, for what it refers to", async () => {
    const running = await serving(["--config", place("same.yaml", yaml())]);
    running.child.kill("SIGHUP");
    await until(() => running.error().includes("config reloaded"));
    expect(await stopped(running)).toBe(0);
  });

  /** Red when a running call sees its steps exchanged. */
  it("fails none of 1,000 calls in 200 reloads, good and bad", async () => {
    provider.answer(hello);
    const path = place("load.yaml", yaml());
    const running = await serving(["--config", path]);
    const statuses: number[] = [];
    const caller = async (): Promise<void> => {
      for (let call = 0; call < 125; call++) {
        const answer = await running.ask(`I am ${email}`);
        await answer.text();
        statuses.push(answer.status);
      }
    };
    const counted = (): number => running.error().match(/config reloaded|the old one stays/g)?.length ?? 0;
    const reloads = async (): Promise<void> => {
      for (let reload = 1; reload <= 200; reload++) {
        place("load.yaml", reload % 2 ? `${yaml()}\nbogus: ${reload}\n` : `${yaml()}\n# ${reload}\n`);
        running.child.kill("SIGHUP");
        await until(() => counted() >= reload);
      }
    };
    await Promise.all([reloads(), ...Array.from({ length: 8 }, caller)]);
    expect(statuses).toEqual(Array(1_000).fill(200));
    expect(provider.requests).toHaveLength(1_000);
    expect(provider.requests.some(({ body }) => body.includes(email))).toBe(false);
    expect(await stopped(running)).toBe(0);
  });
});
