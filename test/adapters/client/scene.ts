import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { toNodeHandler } from "../../../adapters/node.ts";
import {
  type ConfigInput,
  createGateway,
  type Gateway,
  type GatewayOptions,
  hashKey,
  type Receipt,
  silent,
} from "../../../src/index.ts";
import { type LoopbackProvider, startProvider } from "../../doubles/provider.ts";

export const gatewayKey = "psk_web";
export const ownKey = "sk-own";

const targets = (url: string, apiKey?: string): ConfigInput["targets"] => ({
  openai: { provider: "openai", baseUrl: `${url}/v1`, ...(apiKey && { apiKey }) },
  anthropic: { provider: "anthropic", baseUrl: `${url}/v1`, ...(apiKey && { apiKey }) },
});

export interface Server {
  readonly url: string;
  close(): Promise<void>;
}

export async function listen(listener: RequestListener): Promise<Server> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** An address that was a server's a moment ago. */
export async function deserted(): Promise<string> {
  const server = await listen(() => {});
  await server.close();
  return server.url;
}

export interface Scene {
  /** The gateway's address. */
  readonly url: string;
  /** Behind the gateway. */
  readonly provider: LoopbackProvider;
  /** What this process reaches when it calls a provider itself. */
  readonly own: LoopbackProvider;
  /** In this process, for what goes direct. */
  readonly gateway: Gateway;
  /** Of the gateway outside. */
  readonly receipts: readonly Receipt[];
  readonly warnings: readonly object[];
  readonly fallback: { readonly fallback: "direct"; readonly gateway: Gateway; readonly log: typeof silent };
  close(): Promise<void>;
}

/** A gateway on loopback with a key and a budget, its provider, and another provider for calls that go past it. */
export async function startScene(): Promise<Scene> {
  const receipts: Receipt[] = [];
  const warnings: object[] = [];
  const watch: GatewayOptions["steps"] = [
    { after: "tracing", step: { name: "receipts", open: () => ({ settle: (one) => void receipts.push(one) }) } },
  ];
  const [provider, own] = [await startProvider(), await startProvider()];
  const outside = createGateway(
    {
      targets: targets(provider.url, "sk-operator"),
      models: {
        "gpt-5-mini": { targets: [{ target: "openai" }] },
        fast: { targets: [{ target: "openai", model: "gpt-5-mini" }] },
        claude: { targets: [{ target: "anthropic", model: "claude-haiku-4-5" }] },
      },
      access: {
        keys: [
          { id: "web", hash: hashKey(gatewayKey), team: "search", allow: ["feature", "customer"] },
          { id: "poor", hash: hashKey("psk_poor"), team: "poor", allow: ["feature"] },
        ],
      },
      budgets: [{ scope: { team: "poor" }, limit: "$0.000001" }],
    },
    { log: silent, steps: watch },
  );
  const server = await listen(toNodeHandler(outside));
  const gateway = createGateway({ targets: targets(own.url) }, { log: silent });
  const log = { ...silent, warn: (fields: object) => void warnings.push(fields) };
  return {
    url: server.url,
    provider,
    own,
    gateway,
    receipts,
    warnings,
    fallback: { fallback: "direct", gateway, log },
    async close() {
      await Promise.all([outside.close(500), gateway.close(500)]);
      await Promise.all([server.close(), provider.close(), own.close()]);
    },
  };
}

const names = ["POSTERN_URL", "POSTERN_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"] as const;
export type Environment = Partial<Record<(typeof names)[number], string>>;

/** Exactly these variables, of those that clients look at. */
export function environment(values: Environment): void {
  for (const name of names) delete process.env[name];
  Object.assign(process.env, values);
}
