import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { createExternalProcessor, type ExternalProcessor } from "../../adapters/envoy/envoy.ts";
import { type EnvoyMode, toEnvoyBootstrap } from "../../adapters/envoy-bootstrap/bootstrap.ts";
import { type ConfigInput, createGateway, type GatewayOptions, type Receipt, silent } from "../../src/index.ts";
import { config as sceneConfig } from "../adapters/scene.ts";
import { type LoopbackProvider, startProvider } from "../doubles/provider.ts";
import { type EnvoyLine, type RealEnvoy, startRealEnvoy } from "../doubles/real-envoy.ts";
import { tapWire, type Wire } from "./wire.ts";

export interface Setting {
  readonly line: EnvoyLine;
  readonly mode: EnvoyMode;
  readonly config?: ConfigInput;
  readonly options?: GatewayOptions;
  /** Changes the generated bootstrap: what a test shortens or an operator adds, never what protects. */
  readonly bootstrap?: (text: string, provider: string) => string;
}

/** Caller → Envoy → provider, with the processor beside Envoy, in this process. */
export interface EnvoyScene {
  readonly envoy: RealEnvoy;
  readonly provider: LoopbackProvider;
  /** What reached the provider's socket. */
  readonly wire: Wire;
  readonly receipts: readonly Receipt[];
  readonly processor: ExternalProcessor;
  readonly openai: OpenAI;
  readonly anthropic: Anthropic;
  close(): Promise<void>;
}

export const clients = (url: string, key = "psk_web") => ({
  openai: new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 }),
  anthropic: new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0 }),
});

/** The adapters' scenario, with time for a machine that has much to do. */
export function configFor(url: string, overrides: ConfigInput = {}): ConfigInput {
  const whole = sceneConfig(overrides)(url);
  const timeouts = { connect: "20s", firstByte: "20s", idle: "20s" };
  const targets = Object.entries(whole.targets ?? {}).map(([name, target]) => [name, { ...target, timeouts }]);
  return { ...whole, targets: Object.fromEntries(targets), routing: { ...whole.routing, deadline: "2m" } };
}

/** A generated bootstrap on a port of the system's choice. */
export const bootstrapFor = (config: ConfigInput, mode: EnvoyMode, processor: string): string =>
  toEnvoyBootstrap(config, { mode, processor, listener: "127.0.0.1:0" });

export async function beginOnEnvoy({ line, mode, config = {}, options = {}, bootstrap }: Setting): Promise<EnvoyScene> {
  const receipts: Receipt[] = [];
  const provider = await startProvider();
  const wire = await tapWire(provider.url);
  const whole = configFor(wire.url, config);
  const watch = { name: "receipts", open: () => ({ settle: (receipt: Receipt) => void receipts.push(receipt) }) };
  const steps = [...(options.steps ?? []), { after: "tracing" as const, step: watch }];
  const gateway = createGateway(whole, { log: silent, ...options, steps });
  const processor = createExternalProcessor(gateway, { mode, listen: "127.0.0.1:0" });
  const text = bootstrapFor(whole, mode, await processor.listen());
  const envoy = await startRealEnvoy({ line, bootstrap: bootstrap?.(text, wire.url) ?? text });
  return {
    envoy,
    provider,
    wire,
    receipts,
    processor,
    ...clients(envoy.url),
    async close() {
      await envoy.close();
      await processor.close(200);
      await wire.close();
      await provider.close();
    },
  };
}

/** A scene for one test, closed however the test ends. */
export async function onEnvoy(setting: Setting, test: (scene: EnvoyScene) => Promise<void>): Promise<void> {
  const scene = await beginOnEnvoy(setting);
  try {
    await test(scene);
  } finally {
    await scene.close();
  }
}
