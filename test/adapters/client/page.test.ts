import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { bundle, diagnose } from "../../readme-blocks.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../../", import.meta.url));
const page = readFileSync(join(root, "docs/client.md"), "utf8");
const blocks = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, text = ""]) => text);

describe("the page of the client", () => {
  it("has no block that nothing here looks at", () => {
    expect(page.match(/^```/gm)).toHaveLength(2 * blocks.length);
    expect(blocks).toHaveLength(2);
  });

  it("compiles", () => {
    expect(diagnose(blocks)).toEqual([]);
  });

  it.each([
    [0, "http://127.0.0.1:8787/v1"],
    [1, "https://api.openai.com/v1"],
  ])("makes clients: block %i", async (index, expected) => {
    mkdirSync(join(root, ".cache"), { recursive: true });
    // Inside of the checkout, so that the SDKs are found.
    const folder = mkdtempSync(join(root, ".cache/client-page-"));
    const file = join(folder, "block.mjs");
    await bundle(`${blocks[index]}\nconsole.log(openai.baseURL);`, file, "https://api.openai.com");
    const keys = { POSTERN_URL: "http://127.0.0.1:8787", POSTERN_KEY: "psk_web", OPENAI_API_KEY: "sk-own" };
    const { stdout } = await run(process.execPath, [file], { env: { ...process.env, ...keys }, timeout: 30_000 });
    expect(stdout.trim()).toBe(expected);
    rmSync(folder, { recursive: true });
  });
});
