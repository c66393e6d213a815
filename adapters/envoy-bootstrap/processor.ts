import { toEnvoyAddress } from "./address.ts";
import type { Plan } from "./options.ts";
import { quote, yaml } from "./text.ts";
import { validation } from "./tls.ts";

export const processorName = "postern_processor";
/** Envoy sends as many calls at once to a cluster as its circuit breaker says, and answers 503 above: refusing is left to the gateway. */
const roomForRefusals = 2;

/** The cluster that the processor is, one gRPC stream for each call. */
export function processorCluster(plan: Plan): string {
  const calls = plan.config.limits.calls * roomForRefusals;
  return yaml`
    - name: ${processorName}
      type: ${"host" in plan.processor ? "STRICT_DNS" : "STATIC"}
      connect_timeout: 1s
      # One message holds at most this much of a body.
      per_connection_buffer_limit_bytes: 1048576
      # The default of 1024 would be the most calls at once; it is the gateway that says no, in the caller's own dialect.
      circuit_breakers:
        thresholds: [{ max_requests: ${calls}, max_pending_requests: ${calls} }]
      # A processor that drains says so here, at once; one that is busy with a large body may be slow to answer. When none is healthy
      # calls are tried all the same, and fail closed.
      health_checks:
      - timeout: 10s
        interval: 5s
        no_traffic_interval: 5s
        unhealthy_threshold: 2
        healthy_threshold: 1
        grpc_health_check: {}
      typed_extension_protocol_options:
        envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
          "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
          # Envoy ends an answered stream with a reset, and Node's HTTP/2 server refuses a connection after a thousand of them:
          # a fresh connection before that.
          common_http_protocol_options: { max_requests_per_connection: 900 }
          explicit_http_config:
            http2_protocol_options:
              # Finds a processor that hangs; nothing else would. It has to have longer than the largest bodies keep it busy,
              # for with the connection all its calls end.
              connection_keepalive: { interval: 10s, timeout: 20s }
      ${transport(plan)}
      load_assignment:
        cluster_name: ${processorName}
        endpoints:
        - lb_endpoints:
          - endpoint: { address: ${toEnvoyAddress(plan.processor)} }
  `;
}

function transport({ processor, processorTls: tls }: Plan): string {
  if (tls === undefined) return "";
  const name = tls.name ?? ("host" in processor ? processor.host : "localhost");
  const own =
    tls.certificate === undefined || tls.key === undefined
      ? ""
      : yaml`
        tls_certificates:
        - certificate_chain: { filename: ${quote(tls.certificate)} }
          private_key: { filename: ${quote(tls.key)} }`;
  return yaml`
    transport_socket:
      name: envoy.transport_sockets.tls
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
        sni: ${quote(name)}
        common_tls_context:
          alpn_protocols: [h2]
          ${own}
          ${validation(tls.authorities, name)}
  `;
}
