/** One system under test: a process that listens, and that says what it used when it is asked. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [name, origin] = process.argv.slice(2);
const nothing = () => ({});

async function onExpress(...middleware) {
  const { default: express } = await import("express");
  const app = express();
  app.use("/ai", ...middleware);
  return app;
}

async function onNode(gatewayFor) {
  const module = await import("./gateway.js");
  const { toNodeHandler } = await import("../../dist/adapters/node.js");
  const { gateway, ...told } = gatewayFor(module);
  await gateway.ready;
  return { listener: toNodeHandler(gateway), ...told };
}

const systems = {
  async relay() {
    const { bareRelay } = await import("./relays.js");
    return { listener: bareRelay(origin), counts: nothing };
  },
  async parsing() {
    const { parsingRelay } = await import("./relays.js");
    return { listener: parsingRelay(origin), counts: nothing };
  },
  async "parsing-express"() {
    const { parsingRelay } = await import("./relays.js");
    return { listener: await onExpress(parsingRelay(origin)), counts: nothing };
  },
  async "proxy-express"() {
    const { createProxyMiddleware } = await import("http-proxy-middleware");
    const { Agent } = await import("node:http");
    const proxy = createProxyMiddleware({ target: origin, agent: new Agent({ keepAlive: true, maxSockets: 128 }) });
    return { listener: await onExpress(proxy), counts: nothing };
  },
  postern: () => onNode(({ benchGateway }) => benchGateway(origin)),
  "postern-single": () =>
    onNode(({ benchGateway, singleConfig }) => benchGateway(origin, { config: singleConfig(origin) })),
  "postern-sqlite"() {
    const folder = mkdtempSync(join(tmpdir(), "postern-bench-"));
    process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
    return onNode(({ benchGateway }) => benchGateway(origin, { file: join(folder, "postern.db") }));
  },
  async "postern-express"() {
    const { benchGateway } = await import("./gateway.js");
    const { postern } = await import("../../dist/adapters/express.js");
    const { gateway, ...told } = benchGateway(origin);
    await gateway.ready;
    return { listener: await onExpress(postern(gateway)), ...told };
  },
};

const { listener, counts, final = counts } = await systems[name]();
const server = createServer({ noDelay: true, keepAliveTimeout: 600_000, requestTimeout: 0 }, listener);
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));

/** Begins a profile, or ends it and returns it. */
let profiler;
async function profile() {
  if (profiler === undefined) {
    const { Session } = await import("node:inspector/promises");
    profiler = new Session();
    profiler.connect();
    await profiler.post("Profiler.enable");
    await profiler.post("Profiler.setSamplingInterval", { interval: 250 });
    await profiler.post("Profiler.start");
    return {};
  }
  return profiler.post("Profiler.stop");
}

process.on("message", async (message) => {
  if (message === "profile") return process.send(await profile());
  if (message === "account") return process.send({ rss: process.memoryUsage.rss(), counts: await final() });
  const { user, system } = process.cpuUsage();
  process.send({ cpu: user + system, rss: process.memoryUsage.rss(), counts: counts() });
});
process.on("disconnect", () => process.exit());
