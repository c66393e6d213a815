import type { EnvoyMode } from "../../adapters/envoy-bootstrap/bootstrap.ts";
import { asking, chunk, done, role, streams } from "../adapters/scene.ts";
import { type LoopbackProvider, startProvider } from "../doubles/provider.ts";
import { describeRealEnvoy, type EnvoyLine, type RealEnvoy, startRealEnvoy } from "../doubles/real-envoy.ts";
import { openRequest } from "./http.ts";
import { bundleProcessor, type Processor, type Program } from "./processor.ts";
import { bootstrapFor, configFor } from "./scene.ts";

const mebibyte = 1_048_576;
const pieces = 640;
const content = "word ".repeat(13_107);

let program: Program;
beforeAll(() => {
  program = bundleProcessor();
});
afterAll(() => program.remove());

describeRealEnvoy("a reader who does not read forty megabytes", (line) => {
  describe.each(["terminate", "transform"] as const)("in %s", (mode) => suite(line, mode));
});

/** Resolves once a count has stood still for half a second. */
async function still(count: () => number): Promise<void> {
  let last = -1;
  for (let quiet = 0; quiet < 25; quiet++) {
    if (count() !== last) quiet = 0;
    last = count();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function suite(line: EnvoyLine, mode: EnvoyMode): void {
  let provider: LoopbackProvider;
  let processor: Processor;
  let envoy: RealEnvoy;
  let written = 0;

  beforeAll(async () => {
    provider = await startProvider();
    provider.answer((request, number) => {
      written = 0;
      const body = function* () {
        yield role;
        for (; written < pieces; written++) yield chunk({ content });
        yield* done;
      };
      return streams(body())(request, number);
    });
    // Envoy holds as much of an answer as of a request.
    const whole = configFor(provider.url, { budgets: [], limits: { body: "1MB" } });
    processor = await program.start({ mode, listen: "127.0.0.1:0", config: whole });
    envoy = await startRealEnvoy({ line, bootstrap: bootstrapFor(whole, mode, processor.address) });
  });
  afterAll(async () => {
    await envoy.close();
    await processor.close();
    await provider.close();
  });

  /** A call that is read after `pause`; resolves to the bytes that came. */
  async function read(pause: () => Promise<void>): Promise<number> {
    const request = openRequest(envoy.url);
    request.end(asking("Go on.", { stream: true }).body);
    return await new Promise<number>((resolve, reject) => {
      request.on("error", reject).on("response", (response) => {
        let bytes = 0;
        response.on("end", () => resolve(bytes)).on("error", reject);
        const count = (part: Buffer): void => {
          bytes += part.length;
        };
        pause().then(() => response.on("data", count), reject);
      });
    });
  }

  /** Red when the processor keeps what Envoy or the reader does not take. */
  it("the processor does not keep it, and the reader still gets it all", async () => {
    const expected = await read(async () => {});
    const before = processor.memory();
    let grown = 0;
    const got = await read(async () => {
      const watch = setInterval(() => {
        grown = Math.max(grown, processor.memory() - before);
      }, 10);
      await still(() => written);
      clearInterval(watch);
    });
    expect(got).toBe(expected);
    expect(got).toBeGreaterThan(40 * mebibyte);
    expect(grown).toBeLessThan(16 * mebibyte);
  });
}
