import { yaml } from "./text.ts";

/** What the processor tells of a call, in the namespace `postern`. */
export const told = [
  "call_id",
  "model",
  "answer_model",
  "target",
  "attempts",
  "input_tokens",
  "output_tokens",
  "cost_dollars",
  "findings",
] as const;

/** One line of JSON a call. Paths and headers stay out: a query may hold a key, and a log is no place for either. */
export const accessLog = yaml`
  # The path stays out: its query may hold a key.
  access_log:
  - name: envoy.access_loggers.stdout
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog
      log_format:
        json_format:
          time: "%START_TIME%"
          method: "%REQ(:METHOD)%"
          status: "%RESPONSE_CODE%"
          details: "%RESPONSE_CODE_DETAILS%"
          flags: "%RESPONSE_FLAGS%"
          milliseconds: "%DURATION%"
          received: "%BYTES_RECEIVED%"
          sent: "%BYTES_SENT%"
          upstream: "%UPSTREAM_CLUSTER%"
          ${told.map((name) => `${name}: "%DYNAMIC_METADATA(postern:${name})%"`).join("\n")}
`;
