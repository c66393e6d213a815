import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { createExternalProcessor } from "../../adapters/envoy/envoy.ts";
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
  readonly openai: OpenAI;
  readonly anthropic: Anthropic;
  close(): Promise<void>;
}

export const clients = (url: string, key = "psk_web") => ({
  openai: new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 }),
  anthropic: new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0 }),
});

/** A generated bootstrap on a port of the system's choice. */
export const bootstrapFor = (config: ConfigInput, mode: EnvoyMode, processor: string): string =>
  toEnvoyBootstrap(config, { mode, processor, listener: "127.0.0.1:0" });

export async function beginOnEnvoy({ line, mode, config = {}, options = {}, bootstrap }: Setting): Promise<EnvoyScene> {
  const receipts: Receipt[] = [];
  const provider = await startProvider();
  const wire = await tapWire(provider.url);
  const whole = sceneConfig(config)(wire.url);
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
    ...clients(envoy.url),
    async close() {
      await envoy.close();
      await processor.close(200);
      await wire.close();
      await provider.close();
    },
  };
}
