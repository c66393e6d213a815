import type { EnvoyMode, Plan } from "./options.ts";
import { processorName } from "./processor.ts";
import { seconds, yaml } from "./text.ts";

/** The processor waits at most this long for what is not a provider: stores, and the gateway's own longest wait comes on top. */
const patience = 10_000;

/** The external processor. */
export function toFilter(plan: Plan): string {
  return yaml`
    - name: envoy.filters.http.ext_proc
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor
        stat_prefix: postern
        grpc_service:
          envoy_grpc: { cluster_name: ${processorName} }
          initial_metadata: [{ key: x-postern-mode, value: ${plan.mode} }]
        request_attributes: ["source.address"]
        ${byMode[plan.mode](plan)}
        # Without this what the processor tells of a call (tokens, cost, target) is dropped.
        metadata_options: { receiving_namespaces: { untyped: ["postern"] } }
  `;
}

const byMode: Readonly<Record<EnvoyMode, (plan: Plan) => string>> = {
  terminate: () => yaml`
    processing_mode:
      request_header_mode: SEND
      request_body_mode: FULL_DUPLEX_STREAMED
      request_trailer_mode: SEND
      response_header_mode: SKIP
      response_body_mode: NONE
      response_trailer_mode: SKIP
    ${closed}
  `,
  transform: ({ config, answers }) => yaml`
    processing_mode:
      request_header_mode: SEND
      request_body_mode: BUFFERED
      request_trailer_mode: SKIP
      response_header_mode: SEND
      ${answers === "duplex" ? duplex : streamed}
    # Whether a provider answered, or Envoy in its place.
    response_attributes: ["response.code_details"]
    allow_mode_override: ${answers === "streamed" ? "true" : "false"}
    # The default of 200ms is less than a call may have to wait for its turn.
    message_timeout: ${seconds(config.routing.longestWait + patience)}
    # What the processor removes goes, Envoy's own x-envoy- headers too; a change that Envoy will not make fails the call.
    mutation_rules: { allow_envoy: { value: true }, disallow_is_error: { value: true } }
    ${closed}
  `,
  tap: () => yaml`
    observability_mode: true
    deferred_close_timeout: 5s
    processing_mode:
      request_header_mode: SEND
      request_body_mode: STREAMED
      request_trailer_mode: SKIP
      response_header_mode: SEND
      response_body_mode: STREAMED
      response_trailer_mode: SKIP
    # A tap is never in the way: without this a processor that is down would be.
    failure_mode_allow: true
  `,
};

const closed = yaml`
  # What protects fails closed.
  failure_mode_allow: false
  status_on_error: { code: ServiceUnavailable }
`;

const duplex = yaml`
  response_body_mode: FULL_DUPLEX_STREAMED
  response_trailer_mode: SEND
`;

const streamed = yaml`
  response_body_mode: BUFFERED
  response_trailer_mode: SKIP
`;
