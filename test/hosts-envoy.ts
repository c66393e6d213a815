import { createExternalProcessor, type EnvoyMode } from "../adapters/envoy/envoy.ts";
import { bootstrapOf } from "./adapters/envoy/facts/bootstrap.ts";
import { startFakeEnvoy } from "./doubles/fake-envoy/fake-envoy.ts";
import type { EnvoySetup } from "./doubles/fake-envoy/setup.ts";
import { realEnvoy, startRealEnvoy } from "./doubles/real-envoy.ts";
import type { Abilities, Asked, Caller, Got, HostMaker, TestHost } from "./hosts.ts";

type CallOver = (base: string, asked: Asked) => Promise<Got>;

interface Envoy {
  readonly url: string;
  /** What the double saw us do that a real one would not have taken; the real one does not take it. */
  readonly violations: readonly string[];
  close(): Promise<void>;
}

type Boot = (setup: EnvoySetup, processor: string) => Promise<Envoy>;

const fake: Boot = (setup, processor) => startFakeEnvoy({ ...setup, processor });

const real: Boot = async (setup, processor) => {
  const port = Number(processor.slice(processor.lastIndexOf(":") + 1));
  const { url, close } = await startRealEnvoy({
    bootstrap: bootstrapOf({ all: setup }, { port, deadPort: 1, dead: [] }),
  });
  return { url, violations: [], close };
};

/** What each mode can do; where it cannot, a scenario asserts the alternative. */
const abilities: Readonly<Record<EnvoyMode, Abilities>> = {
  // Envoy takes a terminated answer as fast as it is written.
  terminate: { takesBack: true, mutates: true, slows: false },
  // A provider that breaks off is not told of: the stream ends as if the caller had left.
  transform: { takesBack: false, mutates: true, hearsBreaks: false },
  tap: { takesBack: true, mutates: false, hearsBreaks: false },
};

/** Resolves once as many calls have settled as have ended, or after a while: copies are read after the caller has its answer. */
async function settled(receipts: readonly unknown[], ended: number): Promise<void> {
  for (let tries = 0; tries < 200 && receipts.length < ended; tries++)
    await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Our processor behind an Envoy; a call fails in which we did what a real one would not have taken. */
const overEnvoy =
  (boot: Boot, setup: EnvoySetup, callOver: CallOver): Caller =>
  async (gateway, provider, receipts) => {
    const { mode } = setup;
    const processor = createExternalProcessor(gateway, { mode, listen: "127.0.0.1:0" });
    const { url } = provider;
    const clusters = { first: url, second: url, third: url, dead: "http://127.0.0.1:1" };
    const envoy = await boot({ clusters, bufferLimit: 4_194_304, ...setup }, await processor.listen());
    const lawful = (): void => {
      if (envoy.violations.length > 0)
        throw new Error(`a real Envoy would not take this: ${envoy.violations.join("; ")}`);
    };
    let ended = 0;
    return {
      async call(asked) {
        const got = await callOver(envoy.url, asked);
        ended += 1;
        if (mode === "tap") await settled(receipts, ended);
        lawful();
        return got;
      },
      async close() {
        await processor.close(200);
        await envoy.close();
        lawful();
      },
    };
  };

/**
 * The fake Envoy in every mode; with `POSTERN_HOSTS=real-envoy` the real one too, where there is one: it starts anew for each scenario,
 * which takes minutes, and the facts hold the fake to it anyway.
 */
export function envoyHosts(hostOf: HostMaker, callOver: CallOver): readonly TestHost[] {
  const boots: readonly (readonly [string, Boot])[] = [
    ["Envoy (fake)", fake],
    ...(process.env.POSTERN_HOSTS === "real-envoy" && realEnvoy() ? [["Envoy (real)", real] as const] : []),
  ];
  return boots.flatMap(([name, boot]) => {
    const host = (mode: string, setup: EnvoySetup, able: Partial<Abilities> = {}): TestHost =>
      hostOf(`${name}, ${mode}`, { ...abilities[setup.mode], ...able }, overEnvoy(boot, setup, callOver));
    return [
      host("terminate", { mode: "terminate" }),
      host("transform", { mode: "transform", answers: "duplex" }),
      host("transform without duplex", { mode: "transform", answers: "override" }, { speaksUnasked: false }),
      host("tap", { mode: "tap", routes: [{ cluster: "first", rewrite: "/first" }], deferredClose: 100 }),
    ];
  });
}
