import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../", import.meta.url));
const page = readFileSync(join(root, "examples/README.md"), "utf8");

/** Runs a command of the page as a reader would, who has no keys. */
async function typed(command: string): Promise<{ readonly stdout: string; readonly stderr: string }> {
  expect(page).toContain(`\`${command}\``);
  const env = { PATH: process.env.PATH, HOME: process.env.HOME };
  return run("sh", ["-c", command], { cwd: root, env, timeout: 50_000 });
}

/** What is said after each label. */
const lines = (text: string): Record<string, string> =>
  Object.fromEntries([...text.matchAll(/^([^:\n]+): (.*)$/gm)].map(([, label, said]) => [label, said]));

describe("examples", () => {
  it("express-app hides what a customer writes from the provider, and not from the customer", async () => {
    const told = lines((await typed("node examples/run.mjs express-app")).stdout);
    expect(told["the provider received"]).toContain("I am [EMAIL_1].");
    expect(told["the provider received"]).not.toContain("maria");
    expect(JSON.parse(told["the customer got"] ?? "")).toEqual({
      answer: "Where is my order? I am maria.lopez@example.com.",
    });
    expect(told.hidden).toBe("EMAIL × 1");
  });

  it("koa-app streams, and the rest of the app goes on", async () => {
    const { stdout } = await typed("node examples/run.mjs koa-app");
    const told = lines(stdout);
    expect(told["the provider received"]).toContain("Refund IBAN [IBAN_1], please.");
    expect(told["the caller got, put together from its stream"]).toBe(told["the caller sends"]);
    expect(told["at another path"]).toBe("the rest of the app");
    expect(stdout).toContain("the app's log: POST /v1/messages\n");
  });

  it("next-or-hono streams through a handler of the web's own types", async () => {
    const told = lines((await typed("node examples/run.mjs next-or-hono")).stdout);
    expect(told["the provider received"]).toContain("Call me at [PHONE_1].");
    expect(told["the caller got, put together from its stream"]).toBe(told["the caller sends"]);
  });

  it("http-proxy-middleware fails over inside a proxy, and lets by what is listed", async () => {
    const told = lines((await typed("node examples/run.mjs http-proxy-middleware")).stdout);
    expect(told["request 1"]).toMatch(/^\/first\/v1\/chat\/completions Bearer sk-first .*I am \[EMAIL_1\]\./);
    expect(told["request 2"]).toMatch(/^\/second\/v1\/chat\/completions Bearer sk-second .*I am \[EMAIL_1\]\./);
    expect(told["request 3"]).toMatch(/^\/first\/v1\/files Bearer sk-first .*I am maria\.lopez@example\.com\./);
    expect(told["the caller got, put together from its stream"]).toBe(told["the caller sends"]);
    expect(told["the file, which nobody inspected"]).toBe("file-1");
  });

  it("sidecar serves a program that knows an address and a key, and ends in order", async () => {
    const told = lines((await typed("node examples/run.mjs sidecar")).stdout);
    expect(told["the provider received"]).toContain("I am [EMAIL_1].");
    expect(told["the program got"]).toBe(told["the program sends"]);
    expect(told["with another key"]).toBe("401 unknown_key");
    expect(told["the sidecar ended with"]).toBe("0");
  });

  it("jest-test passes", async () => {
    const command = "NODE_OPTIONS=--experimental-vm-modules npx jest --config examples/jest-test/jest.config.js";
    expect((await typed(command)).stderr).toMatch(/^Tests: +4 passed, 4 total$/m);
  });

  it("stand where their page says", () => {
    for (const [, link = ""] of page.matchAll(/\]\(([^)]+)\)/g)) {
      expect([link, existsSync(join(root, "examples", link))]).toEqual([link, true]);
    }
  });
});
