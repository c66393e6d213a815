import { echoes } from "../../adapters/testing.ts";
import { config, everything, personal } from "../adapters/scene.ts";
import { startProvider } from "../doubles/provider.ts";
import { describeRealEnvoy, startRealEnvoy } from "../doubles/real-envoy.ts";
import { startClosingProcessor } from "./closing-processor.ts";
import { call } from "./http.ts";
import { bootstrapFor } from "./scene.ts";
import { tapWire } from "./wire.ts";

/** When a faulty processor ends its stream with OK: after how many messages, and whether it has let the headers pass before. */
const faults = [
  ["at the headers", 1, false],
  ["at the headers, having let them pass", 1, true],
  ["at the body, having let the headers pass", 2, true],
] as const;

describeRealEnvoy("a processor that leaves early", (line) => {
  describe.each(["terminate", "transform"] as const)("in %s", (mode) => {
    /** Red when a route leads to a provider without the processor's word, or a caller can say that word itself. */
    it.each(faults)("%s: an error, and nothing leaves", async (_name, after, replies) => {
      const provider = await startProvider();
      provider.answer(echoes);
      const wire = await tapWire(provider.url);
      const processor = await startClosingProcessor(after, replies);
      const bootstrap = bootstrapFor(config()(wire.url), mode, processor.address);
      const envoy = await startRealEnvoy({ line, bootstrap });
      const headers = { "x-postern-route": "first" };
      const answers = [await call(envoy.url, everything), await call(envoy.url, everything, { headers })];
      expect(processor.closed).toBe(2);
      for (const { status } of answers) expect(status).toBe(503);
      expect(wire.sent()).toBe("");
      await envoy.close();
      processor.close();
      await wire.close();
      await provider.close();
    });
  });
});

describeRealEnvoy("the bootstrap's own protection", (line) => {
  /** Shows that the suite above would see a leak: the same fault, behind a route that needs no word of the processor. */
  it("is what keeps the request in", async () => {
    const provider = await startProvider();
    provider.answer(echoes);
    const wire = await tapWire(provider.url);
    const processor = await startClosingProcessor(1, false);
    const safe = bootstrapFor(config()(wire.url), "transform", processor.address);
    const bootstrap = safe.replace(/, headers: \[\{ name: x-postern-route,.*?\}\] \}/, " }");
    expect(bootstrap).not.toBe(safe);
    const envoy = await startRealEnvoy({ line, bootstrap });
    await call(envoy.url, everything);
    for (const value of personal) expect(wire.sent()).toContain(value);
    await envoy.close();
    processor.close();
    await wire.close();
    await provider.close();
  });
});
