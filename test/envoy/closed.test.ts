import { tmpdir } from "node:os";
import { join } from "node:path";
import { echoes } from "../../adapters/testing.ts";
import { asking, chunk, everything, personal, role, streams, until } from "../adapters/scene.ts";
import { type LoopbackProvider, startProvider } from "../doubles/provider.ts";
import { describeRealEnvoy, type EnvoyLine, type RealEnvoy, startRealEnvoy } from "../doubles/real-envoy.ts";
import { eventually } from "./asking.ts";
import { call, openCall } from "./http.ts";
import { bundleProcessor, type Processor, type Program } from "./processor.ts";
import { bootstrapFor, configFor } from "./scene.ts";
import { tapWire, type Wire } from "./wire.ts";

/** A hung processor is found in seconds here. */
const hurried = (bootstrap: string): string =>
  bootstrap.replace("interval: 10s, timeout: 20s", "interval: 1s, timeout: 1s");

let program: Program;
beforeAll(() => {
  program = bundleProcessor();
});
afterAll(() => program.remove());

describeRealEnvoy("without its processor", (line) => {
  describe.each(["terminate", "transform"] as const)("in %s", (mode) => suite(line, mode));
});

function suite(line: EnvoyLine, mode: "terminate" | "transform"): void {
  const listen = `unix:${join(tmpdir(), `postern-${process.pid}-${line}-${mode}.sock`)}`;
  let provider: LoopbackProvider;
  let wire: Wire;
  let envoy: RealEnvoy;
  let processor: Processor | undefined;
  const begin = async (): Promise<Processor> => {
    processor = await program.start({ mode, listen, config: configFor(wire.url) });
    return processor;
  };
  const nothingLeft = (): void => {
    for (const value of personal) expect(wire.sent()).not.toContain(value);
  };

  beforeEach(async () => {
    provider = await startProvider();
    provider.answer(echoes);
    wire = await tapWire(provider.url);
    const bootstrap = hurried(bootstrapFor(configFor(wire.url), mode, listen));
    envoy = await startRealEnvoy({ line, bootstrap });
  });
  afterEach(async () => {
    await processor?.close();
    await envoy.close();
    await wire.close();
    await provider.close();
  });

  it("down: an error, and nothing leaves; back again: served", async () => {
    expect(await call(envoy.url, everything)).toMatchObject({ status: 503 });
    expect(wire.sent()).toBe("");
    await begin();
    expect(await call(envoy.url, everything)).toMatchObject({ status: 200, broken: false });
    nothingLeft();
  });

  it("killed while the body is being sent: an error, and nothing leaves", async () => {
    const running = await begin();
    const body = asking(everything).body ?? "";
    const { request, answered } = openCall(envoy.url, undefined, { "content-length": String(body.length) });
    request.write(body.slice(0, 100));
    await eventually(async () => Object.values(await envoy.stats("streams_started")).some((count) => count > 0));
    await running.close();
    request.end(body.slice(100));
    expect((await answered).status).toBe(503);
    expect(wire.sent()).toBe("");
  });

  it("killed before the head: an error, and nothing unmasked has left", async () => {
    const running = await begin();
    provider.answer(() => ({ ends: "silent" }));
    const answering = call(envoy.url, everything);
    await until(() => provider.requests.length === 1);
    await running.close();
    expect((await answering).status).toBeGreaterThanOrEqual(500);
    expect(wire.sent()).toContain("[EMAIL_1]");
    nothingLeft();
  });

  it("killed mid-stream: the answer breaks off, and nothing unmasked has left", async () => {
    const running = await begin();
    provider.answer(streams([role, chunk({ content: "one " })], "silent"));
    const { request, answered } = openCall(envoy.url);
    const heard = new Promise((resolve) => request.on("response", (response) => response.once("data", resolve)));
    request.end(asking(everything, { stream: true }).body);
    await heard;
    await running.close();
    expect(await answered).toMatchObject({ status: 200, broken: true });
    nothingLeft();
  });

  it("hung: an error once Envoy has found out, and nothing leaves", async () => {
    const running = await begin();
    running.signal("SIGSTOP");
    const answer = await call(envoy.url, everything);
    expect(answer.status).toBeGreaterThanOrEqual(503);
    expect(wire.sent()).toBe("");
    running.signal("SIGCONT");
  });
}
