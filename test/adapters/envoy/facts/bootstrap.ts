import { bodyMode } from "../../../doubles/fake-envoy/protocol.ts";
import type { EnvoySetup, Route } from "../../../doubles/fake-envoy/setup.ts";
import { modesOf, type Settings, settingsOf } from "../../../doubles/fake-envoy/setup.ts";

const api = "type.googleapis.com/envoy.extensions";
const typed = (type: string, config: object) => ({ "@type": `${api}.${type}`, ...config });
const seconds = (milliseconds: number): string => `${milliseconds / 1_000}s`;
const address = (port: number) => ({ socket_address: { address: "127.0.0.1", port_value: port } });
const sendMode = (sends: boolean): string => (sends ? "SEND" : "SKIP");
const bodyModes: Readonly<Record<number, string>> = {
  [bodyMode.none]: "NONE",
  [bodyMode.streamed]: "STREAMED",
  [bodyMode.buffered]: "BUFFERED",
  [bodyMode.duplex]: "FULL_DUPLEX_STREAMED",
};

function processing(settings: Settings, processor: string): object {
  const { mode, answers, requestBody, responseHeaders, responseBody } = { ...settings, ...modesOf(settings) };
  return typed("filters.http.ext_proc.v3.ExternalProcessor", {
    grpc_service: { envoy_grpc: { cluster_name: processor } },
    processing_mode: {
      request_header_mode: "SEND",
      request_body_mode: bodyModes[requestBody],
      request_trailer_mode: sendMode(requestBody === bodyMode.duplex),
      response_header_mode: sendMode(responseHeaders),
      response_body_mode: bodyModes[responseBody],
      response_trailer_mode: sendMode(responseBody === bodyMode.duplex),
    },
    allow_mode_override: mode === "transform" && answers === "override",
    observability_mode: mode === "tap",
    ...(mode === "tap" && { deferred_close_timeout: seconds(settings.deferredClose) }),
    failure_mode_allow: settings.failureModeAllow,
    status_on_error: { code: settings.statusOnError },
    message_timeout: seconds(settings.messageTimeout),
    max_message_timeout: seconds(settings.maxMessageTimeout),
    request_attributes: ["source.address"],
    metadata_options: { receiving_namespaces: { untyped: settings.receivingNamespaces } },
  });
}

const routeOf = ({ header, cluster, direct, rewrite }: Route): object => ({
  match: {
    prefix: "/",
    ...(header && { headers: [{ name: header[0], string_match: { exact: header[1] } }] }),
  },
  ...(cluster !== undefined && {
    route: {
      cluster,
      timeout: "0s",
      auto_host_rewrite: true,
      ...(rewrite !== undefined && { prefix_rewrite: `${rewrite}/` }),
    },
  }),
  ...(direct && { direct_response: { status: direct.status, body: { inline_string: direct.body } } }),
});

const removes = (name: string) => ({
  name: "envoy.http.early_header_mutation.header_mutation",
  typed_config: typed("http.early_header_mutation.header_mutation.v3.HeaderMutation", {
    mutations: [{ remove: name }],
  }),
});

function listener(name: string, settings: Settings, processor: string): object {
  const chosen = [...new Set(settings.routes.flatMap(({ header }) => header?.[0] ?? []))];
  const manager = typed("filters.network.http_connection_manager.v3.HttpConnectionManager", {
    stat_prefix: name,
    stream_idle_timeout: seconds(settings.streamIdleTimeout),
    normalize_path: true,
    merge_slashes: true,
    http_protocol_options: { enable_trailers: settings.trailers },
    early_header_mutation_extensions: chosen.map(removes),
    access_log: [
      {
        name: "envoy.access_loggers.stdout",
        typed_config: typed("access_loggers.stream.v3.StdoutAccessLog", {
          log_format: {
            json_format: {
              row: "%REQ(x-row)%",
              code: "%RESPONSE_CODE%",
              details: "%RESPONSE_CODE_DETAILS%",
              postern: "%DYNAMIC_METADATA(postern)%",
            },
          },
        }),
      },
    ],
    route_config: {
      name,
      virtual_hosts:
        settings.routes.length === 0 ? [] : [{ name: "all", domains: ["*"], routes: settings.routes.map(routeOf) }],
    },
    http_filters: [
      { name: "envoy.filters.http.ext_proc", typed_config: processing(settings, processor) },
      {
        name: "envoy.filters.http.router",
        typed_config: typed("filters.http.router.v3.Router", { suppress_envoy_headers: true }),
      },
    ],
  });
  return {
    name,
    address: address(0),
    per_connection_buffer_limit_bytes: settings.bufferLimit,
    filter_chains: [{ filters: [{ name: "envoy.filters.network.http_connection_manager", typed_config: manager }] }],
  };
}

const cluster = (name: string, port: number, bufferLimit: number, protocol: object, common: object = {}): object => ({
  name,
  type: "STATIC",
  connect_timeout: "1s",
  per_connection_buffer_limit_bytes: bufferLimit,
  typed_extension_protocol_options: {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed("upstreams.http.v3.HttpProtocolOptions", {
      ...common,
      explicit_http_config: protocol,
    }),
  },
  load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address: address(port) } }] }] },
});

/** A real Envoy with one listener for each setup, named as it is; `dead` names setups whose processor is not there. */
export function bootstrapOf(
  setups: Readonly<Record<string, EnvoySetup>>,
  processor: { readonly port: number; readonly deadPort: number; readonly dead: readonly string[] },
): object {
  const clusters = Object.assign({}, ...Object.values(setups).map(({ clusters: each }) => each)) as Record<
    string,
    string
  >;
  const http2 = { http2_protocol_options: {} };
  const spent = (most: number) => ({ common_http_protocol_options: { max_requests_per_connection: most } });
  const limits = { circuit_breakers: { thresholds: [{ max_requests: 65_536, max_pending_requests: 65_536 }] } };
  return {
    static_resources: {
      listeners: Object.entries(setups).map(([name, setup]) =>
        listener(name, settingsOf(setup), processor.dead.includes(name) ? "nobody" : `processor-${name}`),
      ),
      clusters: [
        ...Object.entries(setups).map(([name, setup]) => {
          const common = spent(settingsOf(setup).maxRequestsPerConnection);
          return { ...cluster(`processor-${name}`, processor.port, 33_554_432, http2, common), ...limits };
        }),
        cluster("nobody", processor.deadPort, 33_554_432, http2),
        ...Object.entries(clusters).map(([name, url]) =>
          cluster(name, Number(new URL(url).port), 1_048_576, { http_protocol_options: {} }),
        ),
      ],
    },
  };
}
