import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { gate } from "../../doubles/gate.ts";
import { startProvider } from "../../doubles/provider.ts";
import { asking, inTwo, until } from "../scene.ts";
import { body, codes, connectTo, opening, protocols, text } from "./client.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
mkdirSync(join(root, ".cache"), { recursive: true });
// Inside of the checkout, so that its packages are found.
const folder = mkdtempSync(join(root, ".cache", "main-"));
const program = join(folder, "main.mjs");

beforeAll(() => {
  buildSync({
    entryPoints: [join(root, "adapters/envoy/main.ts")],
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    outfile: program,
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  said(): string;
}

function start(...words: string[]): Started {
  const child = spawn(process.execPath, [program, ...words], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes: Buffer) => (said += bytes.toString()));
  return { child, ended: once(child, "close").then(([code]) => code as number | null), said: () => said };
}

describe("the command", () => {
  it("serves a config, and on SIGTERM lets what runs finish and takes nothing new", async () => {
    const provider = await startProvider();
    const rest = gate();
    provider.answer(inTwo(rest.opened));
    const target = `targets: { local: { provider: openai, baseUrl: "${provider.url}/v1" } }`;
    const model = "models: { fast: { targets: [{ target: local, model: gpt-5-mini }] } }";
    writeFileSync(join(folder, "postern.yaml"), `${target}\n${model}\n`);
    const running = start("--config", "postern.yaml", "--listen", "127.0.0.1:0", "--as", "terminate");
    await until(() => running.said().includes("listening"));
    const address = /"address":"([^"]+)"/.exec(running.said())?.[1] ?? "";
    const client = connectTo(address);
    const asks = () => {
      const call = client.talk();
      call.send(opening({ protocol: protocols.terminate }));
      call.send(body("request", asking("Hi.", { stream: true }).body ?? "", true));
      return call;
    };
    const call = asks();
    await call.next();
    await call.next();
    running.child.kill("SIGTERM");
    await until(() => running.said().includes("draining"));
    expect((await asks().ended).code).toBe(codes.unavailable);
    rest.open();
    let content = "";
    for (let last = false; !last; ) {
      const piece = (await call.next()).streamedImmediateResponse?.bodyResponse;
      content += text(piece?.body);
      last = piece?.endOfStream ?? false;
    }
    expect(content).toContain("[DONE]");
    call.reset();
    expect(await running.ended).toBe(0);
    client.close();
    await provider.close();
  });

  it.each([
    ["a mode that there is not", ["--as", "wrong"], "--as must be one of terminate, transform, tap"],
    ["an option that there is not", ["--bogus"], "--bogus"],
    ["a certificate without its key", ["--cert", "x.pem"], "--cert and --key go together"],
    ["a config that is not there", ["--config", "missing.yaml"], "cannot be read"],
    ["an address that is none", ["--listen", "nowhere"], "HOST:PORT"],
  ])("ends with 1 and says why: %s", async (_what, words, why) => {
    const running = start(...words);
    expect(await running.ended).toBe(1);
    expect(running.said()).toContain(why);
    expect(running.said()).not.toMatch(/^\s+at /m);
  });
});
