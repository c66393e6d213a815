import type { EnvoyMode } from "../../adapters/envoy-bootstrap/bootstrap.ts";
import { echoes } from "../../adapters/testing.ts";
import { everything, personal } from "../adapters/scene.ts";
import { startProvider } from "../doubles/provider.ts";
import { describeRealEnvoy, type EnvoyLine, startRealEnvoy } from "../doubles/real-envoy.ts";
import { startClosingProcessor } from "./closing-processor.ts";
import { call } from "./http.ts";
import { bootstrapFor, configFor } from "./scene.ts";
import { tapWire } from "./wire.ts";

/** When a faulty processor ends its stream with OK: after how many messages, and whether it has let the headers pass before. */
const faults = [
  ["at the headers", 1, false],
  ["at the headers, having let them pass", 1, true],
  ["at the body, having let the headers pass", 2, true],
] as const;

interface Fault {
  readonly line: EnvoyLine;
  readonly mode: EnvoyMode;
  readonly after: number;
  readonly replies: boolean;
  readonly bootstrap?: (text: string) => string;
}

/** Calls through such a processor; what came of it, and what reached the provider's socket. */
async function callThrough({ line, mode, after, replies, bootstrap }: Fault) {
  const provider = await startProvider();
  provider.answer(echoes);
  const wire = await tapWire(provider.url);
  const processor = await startClosingProcessor(after, replies);
  const text = bootstrapFor(configFor(wire.url), mode, processor.address);
  const envoy = await startRealEnvoy({ line, bootstrap: bootstrap?.(text) ?? text });
  const headers = { "x-postern-route": "first" };
  const answers = [await call(envoy.url, everything), await call(envoy.url, everything, { headers })];
  await envoy.close();
  processor.close();
  await wire.close();
  await provider.close();
  return { statuses: answers.map(({ status }) => status), closed: processor.closed, sent: wire.sent() };
}

describeRealEnvoy("a processor that leaves early", (line) => {
  describe.each(["terminate", "transform"] as const)("in %s", (mode) => {
    /** Red when a route leads to a provider without the processor's word, or a caller can say that word itself. */
    it.each(faults)("%s: an error, and nothing leaves", async (_name, after, replies) => {
      const { statuses, closed, sent } = await callThrough({ line, mode, after, replies });
      expect(closed).toBe(2);
      expect(statuses).toEqual([503, 503]);
      expect(sent).toBe("");
    });
  });

  /** Shows that the tests above would see a leak: the same fault, before a route that needs no word of the processor. */
  it("would let everything out if a provider's route did not need the processor's word", async () => {
    const open = (text: string) => text.replace(/, headers: \[\{ name: x-postern-route,.*?\}\] \}/, " }");
    const { sent } = await callThrough({ line, mode: "transform", after: 1, replies: false, bootstrap: open });
    for (const value of personal) expect(sent).toContain(value);
  });
});
