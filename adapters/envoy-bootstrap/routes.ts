import type { Plan } from "./options.ts";
import { clusterOf, type Provider, providersOf } from "./providers.ts";
import { blocks, quote, seconds, yaml } from "./text.ts";

/** Set by the processor alone; names the target. */
export const routeHeader = "x-postern-route";

export function toRoutes(plan: Plan): string {
  return yaml`
    route_config:
      name: postern
      virtual_hosts:
      - name: postern
        domains: ["*"]
        routes:
        ${routes(plan)}
  `;
}

function routes({ mode, config }: Plan): string {
  if (mode === "terminate") return nobody;
  const { deadline } = config.routing;
  if (mode === "transform") return blocks(...providersOf(config).map((each) => chosen(each, deadline)), nobody);
  return blocks(...tapped(providersOf(config), deadline));
}

/** Reached only when the processor chose nothing, or left before it answered: Envoy then carries on without it. */
const nobody = yaml`
  # A processor that closes its stream makes Envoy carry on without it, with the request as it was. So that nothing leaves unprotected,
  # what no processor has routed ends here. Never put a cluster behind this route.
  - name: fails_closed
    match: { prefix: "/" }
    direct_response:
      status: 503
      body: { inline_string: '{"error":{"message":"The gateway did not answer.","type":"server_error","code":"overloaded"}}' }
`;

/** No second attempt but where the first has sent nothing: an answer that has begun is the caller's. */
const chosen = (provider: Provider, deadline: number): string => yaml`
  - name: ${quote(clusterOf(provider))}
    match: { prefix: "/", headers: [{ name: ${routeHeader}, string_match: { exact: ${quote(provider.target)} } }] }
    # Between Envoy and the processor only. Envoy finds no route without x-forwarded-proto, so no filter can remove that one.
    request_headers_to_remove: [${routeHeader}, x-forwarded-proto]
    route:
      ${destination(provider, deadline)}
      retry_policy: { retry_on: "connect-failure,refused-stream,reset-before-request", num_retries: 1 }
`;

const destination = (provider: Provider, deadline: number): string => yaml`
  cluster: ${quote(clusterOf(provider))}
  auto_host_rewrite: true
  # The default of 15s would end long answers.
  timeout: ${seconds(deadline)}
  idle_timeout: ${seconds(Math.max(provider.timeouts.firstByte, provider.timeouts.idle))}
`;

/** A tap picks no target: each dialect's paths go to the first target that speaks it, as they came, with the caller's own key. */
function tapped(providers: readonly Provider[], deadline: number): readonly string[] {
  const paths = { anthropic: "/v1/messages", openai: "/v1/" } as const;
  return (["anthropic", "openai"] as const).flatMap((name) => {
    const provider = providers.find((each) => each.provider === name);
    return provider === undefined ? [] : [watched(provider, paths[name], deadline)];
  });
}

/** Target URLs end in the version segment, which stands for /v1 in the caller's path. */
function watched(provider: Provider, path: string, deadline: number): string {
  const base = provider.url.pathname.replace(/\/+$/, "");
  return yaml`
    - name: ${quote(clusterOf(provider))}
      match: { prefix: ${quote(path)} }
      request_headers_to_remove: [${routeHeader}]
      route:
        ${destination(provider, deadline)}
        ${base === "/v1" ? "" : `prefix_rewrite: ${quote(base + path.slice("/v1".length))}`}
      typed_per_filter_config:
        envoy.filters.http.ext_proc:
          "@type": type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute
          overrides: { grpc_initial_metadata: [{ key: x-postern-target, value: ${quote(provider.target)} }] }
  `;
}
