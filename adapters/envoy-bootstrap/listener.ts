import { accessLog } from "./access-log.ts";
import { toEnvoyAddress } from "./address.ts";
import { toFilter } from "./filter.ts";
import type { CertificateFiles, Plan } from "./options.ts";
import { toRoutes } from "./routes.ts";
import { quote, seconds, yaml } from "./text.ts";

const mebibyte = 1_048_576;
/** A timer of Envoy's is there for what ours have missed, so it runs a little longer. */
const grace = 60_000;

/** Where callers connect. */
export function toListener(plan: Plan): string {
  const { deadline } = plan.config.routing;
  return yaml`
    - name: postern
      address: ${toEnvoyAddress(plan.listener)}
      ${bufferLimit(plan)}
      filter_chains:
      - filters:
        - name: envoy.filters.network.http_connection_manager
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
            stat_prefix: postern
            codec_type: AUTO
            # The caller's address is its socket's, not what a header says. Behind another proxy add xff_num_trusted_hops.
            use_remote_address: true
            # The only timer over a call in which nothing moves; the gateway's own deadline ends calls before it.
            stream_idle_timeout: ${seconds(deadline + grace)}
            request_headers_timeout: 10s
            # A path is made plain before a route is chosen by it, so that none slips past a route that you add. Escaped slashes stay:
            # undoing them would redirect /v1/models/org%2Fname elsewhere. So exempt single exact paths from the filter, never a prefix.
            normalize_path: true
            merge_slashes: true
            path_with_escaped_slashes_action: KEEP_UNCHANGED
            ${plan.mode === "transform" ? unforgeable : ""}
            ${plan.mode === "terminate" ? "" : "scheme_header_transformation: { match_upstream: true }"}
            ${accessLog}
            ${toRoutes(plan)}
            http_filters:
            ${toFilter(plan)}
            - name: envoy.filters.http.router
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
                suppress_envoy_headers: true
        ${plan.listenerTls === undefined ? "" : transport(plan.listenerTls)}
  `;
}

/** The route is the processor's to choose; from a caller the header that says so is taken away before anything reads it. */
const unforgeable = yaml`
  early_header_mutation_extensions:
  - name: envoy.http.early_header_mutation.header_mutation
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation
      mutations: [{ remove: x-postern-route }]
`;

/** In transform Envoy holds the whole request; what is larger than the gateway's own limit is refused by the gateway, in the caller's dialect. */
function bufferLimit({ mode, answers, config: { limits } }: Plan): string {
  if (mode !== "transform")
    return yaml`
      # One message to the processor holds at most this much of a body.
      per_connection_buffer_limit_bytes: ${mebibyte}
    `;
  const held = answers === "streamed" ? Math.max(limits.body, limits.answer) : limits.body;
  return yaml`
    # Envoy holds whole bodies up to this, and answers 413 above it; the gateway's own limits are lower and answer in the caller's dialect.
    per_connection_buffer_limit_bytes: ${held + mebibyte}
  `;
}

const transport = ({ certificate, key }: CertificateFiles): string => yaml`
  transport_socket:
    name: envoy.transport_sockets.tls
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
      common_tls_context:
        alpn_protocols: [h2, http/1.1]
        tls_certificates:
        - certificate_chain: { filename: ${quote(certificate)} }
          private_key: { filename: ${quote(key)} }
`;
