// Packs the package, installs the tarball into an empty folder as a user would, imports every entry, makes one
// protected call, and then one through each host as the README shows it (on Node 20, 22 and 24 with POSTERN_NODES=all or CI).
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { nodesOf, runHosts, writeHosts } from "./hosts.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "postern-pack-"));
const run = (command, args, cwd) =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });

try {
  const [packed] = JSON.parse(run("npm", ["pack", "--json", "--pack-destination", folder], root));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  run("npm", ["install", "--no-audit", "--no-fund", join(folder, packed.filename)], folder);
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const entries = Object.keys(exports).filter((entry) => !entry.endsWith(".json") && entry !== "./express");
  writeFileSync(
    join(folder, "imports.mjs"),
    `for (const entry of ${JSON.stringify(entries)}) {
  const loaded = await import("postern" + entry.slice(1));
  if (Object.keys(loaded).length === 0) throw new Error(entry + " exports nothing");
}
// What a host does not need is an optional peer: express is not installed here, and its adapter loads all the same.
const { postern } = await import("postern/express");
if (typeof postern !== "function") throw new Error("postern/express exports no middleware");
const { createTestGateway } = await import("postern/testing");
const test = createTestGateway();
const answer = await test.fetch("https://api.openai.com/v1/chat/completions", {
  method: "POST",
  headers: { authorization: "Bearer sk-own", "content-type": "application/json" },
  body: JSON.stringify({ model: "gpt-5-mini", messages: [{ role: "user", content: "I am maria@example.com" }] }),
});
const text = (await answer.json()).choices[0].message.content;
if (text !== "I am maria@example.com") throw new Error("nothing was restored");
if (!test.requests[0].body.includes("[EMAIL_1]") || test.requests[0].body.includes("maria@")) throw new Error("nothing was hidden");
await test.close();
`,
  );
  run(process.execPath, ["imports.mjs"], folder);
  writeFileSync(
    join(folder, "types.ts"),
    `import { createGateway, type Step } from "postern";
import { clientOptions } from "postern/client";
import { postern } from "postern/express";
import { toFetchHandler } from "postern/fetch";
import { createTestGateway, says } from "postern/testing";
const step: Step = { name: "mine", open: () => ({}) };
export const all = [createGateway({}, { steps: [{ after: "redaction", step }] }), postern(), toFetchHandler(), createTestGateway(), says("x"), clientOptions];
`,
  );
  run("npm", ["install", "--no-audit", "--no-fund", "@types/express@5", "@types/node@20"], folder);
  const flags = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--types", "node", "types.ts"];
  run(join(root, "node_modules/.bin/tsc"), flags, folder);
  run(join(root, "node_modules/.bin/publint"), ["run", root, "--strict"], root);
  const hostModules = ["express@5", "openai@6", "hono@4", "http-proxy-middleware@3"];
  run("npm", ["install", "--no-audit", "--no-fund", ...hostModules], folder);
  const free = createServer().listen(0, "127.0.0.1");
  await once(free, "listening");
  const { port } = free.address();
  free.close();
  await once(free, "close");
  const hosts = writeHosts(folder, readFileSync(join(root, "README.md"), "utf8"), port);
  const nodes = nodesOf(root);
  for (const node of nodes) {
    runHosts(node, folder, hosts, port);
    process.stdout.write(`${hosts.length} hosts on Node ${run(node, ["--version"], folder)}`);
  }
  process.stdout.write(
    `packed ${packed.filename}: ${packed.files.length} files, ${packed.size} bytes; ${entries.length + 1} entries imported\n`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
