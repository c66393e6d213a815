import { createExternalProcessor, type ExternalProcessorOptions } from "../../../adapters/envoy/envoy.ts";
import {
  type ConfigInput,
  createGateway,
  createMemoryStores,
  type GatewayOptions,
  type Receipt,
  silent,
  systemClock,
} from "../../../src/index.ts";
import { type LoopbackProvider, startProvider } from "../../doubles/provider.ts";
import { config, until } from "../scene.ts";
import { connectTo, type EnvoyClient } from "./client.ts";

/** A processor on loopback, who calls it, and what came of it. */
export interface Lab {
  readonly client: EnvoyClient;
  readonly address: string;
  readonly provider: LoopbackProvider;
  readonly receipts: readonly Receipt[];
  readonly processor: ReturnType<typeof createExternalProcessor>;
  /** So many calls have settled, each once, and no money is held. */
  settled(calls: number): Promise<void>;
  close(): Promise<void>;
}

export interface LabOptions {
  readonly overrides?: ConfigInput;
  readonly gateway?: GatewayOptions;
  readonly processor?: ExternalProcessorOptions;
}

export async function startLab({ overrides, gateway: options = {}, processor: more = {} }: LabOptions): Promise<Lab> {
  const receipts: Receipt[] = [];
  const provider = await startProvider();
  const stores = createMemoryStores({ clock: systemClock }, { keep: 100 });
  const watch = { name: "receipts", open: () => ({ settle: (receipt: Receipt) => void receipts.push(receipt) }) };
  const steps = [...(options.steps ?? []), { after: "tracing" as const, step: watch }];
  const gateway = createGateway(config(overrides)(provider.url), { log: silent, stores, ...options, steps });
  const processor = createExternalProcessor(gateway, { listen: "127.0.0.1:0", ...more });
  const address = await processor.listen();
  const client = connectTo(address);
  return {
    client,
    address,
    provider,
    receipts,
    processor,
    async settled(calls) {
      await until(() => receipts.length >= calls);
      expect(receipts).toHaveLength(calls);
      const lines = await stores.counters.read(["team=search/total", "team=poor/total"]);
      expect(lines.map(({ held }) => held)).toEqual([0n, 0n]);
    },
    async close() {
      client.close();
      await processor.close(0);
      await gateway.close(0);
      await provider.close();
    },
  };
}
