import { isIP } from "node:net";
import { type Config, defaultTimeouts, providerUrls } from "../../src/index.ts";
import { toEnvoyAddress } from "./address.ts";
import type { Plan } from "./options.ts";
import { quote, seconds, yaml } from "./text.ts";
import { validation } from "./tls.ts";

/** A target as Envoy reaches it. */
export interface Provider {
  readonly target: string;
  readonly provider: "openai" | "anthropic";
  readonly url: URL;
  readonly timeouts: { readonly connect: number; readonly firstByte: number; readonly idle: number };
}

const names = ["openai", "anthropic"] as const;

/**
 * The targets of a config; and the providers' own hosts, where callers with a key of their own are let through to them.
 * @throws Error where a target of another provider has such a host's name: Envoy would send that provider's keys to it
 */
export function providersOf(config: Config): readonly Provider[] {
  const configured = Object.entries(config.targets).map(([target, { provider, baseUrl, timeouts }]) => ({
    target,
    provider,
    url: new URL(baseUrl ?? providerUrls[provider]),
    timeouts,
  }));
  if (config.access !== undefined && config.access.ownKeys === "refuse") return configured;
  return [...configured, ...names.flatMap((name) => ownHost(config, name))];
}

function ownHost({ targets }: Config, name: keyof typeof providerUrls): readonly Provider[] {
  const taken = targets[name];
  if (taken !== undefined && taken.provider !== name)
    throw new Error(
      `targets.${name} is not of that provider: rename it, ${name} is where callers' own ${name} keys go`,
    );
  return taken === undefined
    ? [{ target: name, provider: name, url: new URL(providerUrls[name]), timeouts: defaultTimeouts }]
    : [];
}

export const clusterOf = ({ target }: Pick<Provider, "target">): string => `target_${target}`;

/** One cluster for each target: its address, its own TLS name, its own timer. */
export function toCluster(provider: Provider, { config, authorities }: Plan): string {
  const { url, timeouts } = provider;
  const tls = url.protocol === "https:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const address = { host, port: Number(url.port || (tls ? 443 : 80)) };
  const { calls } = config.limits;
  return yaml`
    - name: ${quote(clusterOf(provider))}
      type: ${isIP(host) === 0 ? "LOGICAL_DNS" : "STATIC"}
      ${isIP(host) === 0 ? "dns_lookup_family: ALL" : ""}
      connect_timeout: ${seconds(timeouts.connect)}
      # How many calls run at once is the gateway's to say.
      circuit_breakers:
        thresholds: [{ max_connections: ${calls}, max_pending_requests: ${calls}, max_requests: ${calls} }]
      typed_extension_protocol_options:
        envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
          "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
          # An idle connection goes before the provider closes it under the next request.
          common_http_protocol_options: { idle_timeout: 30s }
          ${tls ? protocols : "explicit_http_config: { http_protocol_options: {} }"}
      ${tls ? transport(host, authorities) : ""}
      load_assignment:
        cluster_name: ${quote(clusterOf(provider))}
        endpoints:
        - lb_endpoints:
          # The name is what auto_host_rewrite sends as Host.
          - endpoint: { hostname: ${quote(url.host)}, address: ${toEnvoyAddress(address)} }
  `;
}

/** HTTP/2 where the provider agrees to it, else HTTP/1.1. */
const protocols = yaml`
  auto_config:
    http_protocol_options: {}
    http2_protocol_options: { connection_keepalive: { interval: 30s, timeout: 10s } }
`;

function transport(host: string, authorities: string): string {
  const named = isIP(host) === 0;
  return yaml`
    transport_socket:
      name: envoy.transport_sockets.tls
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
        ${named ? `sni: ${quote(host)}` : ""}
        common_tls_context:
          ${validation(authorities, host, named ? "DNS" : "IP_ADDRESS")}
  `;
}
