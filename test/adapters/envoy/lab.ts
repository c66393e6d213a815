import { createExternalProcessor, type ExternalProcessorOptions } from "../../../adapters/envoy/envoy.ts";
import { handle } from "../../../src/engine/handle.ts";
import {
  type Call,
  type ConfigInput,
  createGateway,
  createMemoryStores,
  type Exchange,
  type Gateway,
  type GatewayOptions,
  type Receipt,
  silent,
  systemClock,
} from "../../../src/index.ts";
import { createUpstream } from "../../../src/upstream/upstream.ts";
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
  /** The gateway's exchanges tell which calls they serve. */
  readonly tells?: boolean;
  readonly overrides?: ConfigInput;
  readonly gateway?: GatewayOptions;
  readonly processor?: ExternalProcessorOptions;
}

/** The same gateway, with its calls told. */
function telling(gateway: Gateway): Gateway {
  const upstream = createUpstream({ clock: systemClock });
  const parts = { send: upstream.exchange, clock: systemClock };
  const exchange: Exchange = (request, to) => {
    let call: Call | undefined;
    const open = (): Call => {
      call = gateway.open(request);
      return call;
    };
    const flow = handle(request, to, { ...parts, open });
    return {
      ...flow,
      get call() {
        return call;
      },
    };
  };
  return { ...gateway, handle: exchange };
}

export async function startLab({
  tells,
  overrides,
  gateway: options = {},
  processor: more = {},
}: LabOptions): Promise<Lab> {
  const receipts: Receipt[] = [];
  const provider = await startProvider();
  const stores = createMemoryStores({ clock: systemClock }, { keep: 100 });
  const watch = { name: "receipts", open: () => ({ settle: (receipt: Receipt) => void receipts.push(receipt) }) };
  const steps = [...(options.steps ?? []), { after: "tracing" as const, step: watch }];
  const gateway = createGateway(config(overrides)(provider.url), { log: silent, stores, ...options, steps });
  const processor = createExternalProcessor(tells ? telling(gateway) : gateway, { listen: "127.0.0.1:0", ...more });
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
