import { createExternalProcessor, type EnvoyMode } from "../adapters/envoy/envoy.ts";
import { startFakeEnvoy } from "./doubles/fake-envoy/fake-envoy.ts";
import type { EnvoySetup } from "./doubles/fake-envoy/setup.ts";
import type { Abilities, Asked, Caller, Got, HostMaker, TestHost } from "./hosts.ts";

type CallOver = (base: string, asked: Asked) => Promise<Got>;

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

/** Our processor behind a fake Envoy; a call fails in which we did what a real one would not have taken. */
const overEnvoy =
  (mode: EnvoyMode, setup: Partial<EnvoySetup>, callOver: CallOver): Caller =>
  async (gateway, provider, receipts) => {
    const processor = createExternalProcessor(gateway, { mode, listen: "127.0.0.1:0" });
    const { url } = provider;
    const clusters = { first: url, second: url, third: url, dead: "http://127.0.0.1:1" };
    const envoy = await startFakeEnvoy({ mode, processor: await processor.listen(), clusters, ...setup });
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

/** The fake Envoy in every mode. */
export function envoyHosts(hostOf: HostMaker, callOver: CallOver): readonly TestHost[] {
  const host = (
    mode: EnvoyMode,
    name: string,
    setup: Partial<EnvoySetup> = {},
    able: Partial<Abilities> = {},
  ): TestHost => hostOf(`Envoy (fake), ${name}`, { ...abilities[mode], ...able }, overEnvoy(mode, setup, callOver));
  return [
    host("terminate", "terminate"),
    host("transform", "transform", { answers: "duplex" }),
    host("transform", "transform without duplex", { answers: "override" }, { speaksUnasked: false }),
    host("tap", "tap", { routes: [{ cluster: "first", rewrite: "/first" }], deferredClose: 100 }),
  ];
}
