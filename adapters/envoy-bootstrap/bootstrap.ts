import { type Config, type ConfigInput, parseConfig } from "../../src/index.ts";
import { toEnvoyAddress } from "./address.ts";
import { toListener } from "./listener.ts";
import { type EnvoyBootstrapOptions, type Plan, toPlan } from "./options.ts";
import { processorCluster } from "./processor.ts";
import { providersOf, toCluster } from "./providers.ts";
import { blocks, yaml } from "./text.ts";

export type { CertificateFiles, EnvoyBootstrapOptions, EnvoyMode, ProcessorTls } from "./options.ts";

const told = {
  terminate: `\
# Postern in Envoy, mode terminate: Envoy hands each request to the processor, which calls the provider itself and answers.
# Nothing ever leaves through Envoy's router. Needs Envoy 1.37 or newer.`,
  transform: `\
# Postern in Envoy, mode transform: the processor rewrites request and answer and picks the target; Envoy calls it.
# Needs Envoy 1.37 or newer.`,
  tap: `\
# Postern in Envoy, mode tap: the processor gets copies, to meter and to trace. It changes nothing and nothing waits for it,
# so NOTHING IS REDACTED and no budget is kept. Needs Envoy 1.37 or newer.`,
};

/**
 * A complete Envoy bootstrap for a gateway's config, commented, as YAML. It holds no credential: keys stay with the processor.
 * @throws ConfigError for a config that is wrong, Error for an address that is none
 * @example writeFileSync("envoy.yaml", toEnvoyBootstrap(config, { mode: "terminate", processor: "unix:/run/postern.sock" }));
 */
export function toEnvoyBootstrap(config: ConfigInput | Config | string, options: EnvoyBootstrapOptions): string {
  const plan = toPlan(parseConfig(config), options);
  return `${yaml`
    ${told[plan.mode]}
    # Made from the gateway's config: make it anew when targets, limits or timeouts change.
    admin:
      address: ${toEnvoyAddress(plan.admin)}

    # More connections than this are turned away at once, instead of running out of memory.
    overload_manager:
      resource_monitors:
      - name: envoy.resource_monitors.global_downstream_max_connections
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig
          max_active_downstream_connections: ${2 * plan.config.limits.calls}

    static_resources:
      listeners:
      ${toListener(plan)}

      clusters:
      ${clusters(plan)}
  `}\n`;
}

/** In terminate Envoy knows no provider: what it cannot reach it cannot leak to. */
function clusters(plan: Plan): string {
  const providers = plan.mode === "terminate" ? [] : providersOf(plan.config);
  return blocks(processorCluster(plan), ...providers.map((target) => `\n${toCluster(target, plan)}`));
}
