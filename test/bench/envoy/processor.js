/** One processor under test: a process that listens, and that says what it used when it is asked. */
const [kind, mode, origin] = process.argv.slice(2);
const nothing = () => ({});

const kinds = {
  async echo() {
    const { startEcho } = await import("./echo.js");
    return { address: await startEcho(mode, origin), counts: nothing };
  },
  async postern() {
    const { benchGateway } = await import("../gateway.js");
    const { createExternalProcessor } = await import("../../../dist/adapters/envoy/envoy.js");
    const { gateway, counts } = benchGateway(origin);
    const processor = createExternalProcessor(gateway, { mode, listen: "127.0.0.1:0" });
    return { address: await processor.listen(), counts };
  },
};

const { address, counts } = await kinds[kind]();
process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send({ cpu: user + system, rss: process.memoryUsage.rss(), counts: counts() });
});
process.on("disconnect", () => process.exit());
process.send({ address });
