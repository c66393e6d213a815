import { parse } from "yaml";
import { type EnvoyBootstrapOptions, toEnvoyBootstrap } from "../../../adapters/envoy-bootstrap/bootstrap.ts";
import type { ConfigInput } from "../../../src/index.ts";
import { config, key, modes, processor } from "./config.ts";

/** Only what is looked at; a wrong path is `undefined`. */
type Tree = { readonly [name: string]: Tree } & readonly Tree[];
const made = (options: Partial<EnvoyBootstrapOptions> = {}, input: ConfigInput = config): Tree =>
  parse(toEnvoyBootstrap(input, { processor, ...options })) as Tree;

const listenerOf = (tree: Tree) => tree.static_resources?.listeners?.[0];
const managerOf = (tree: Tree) => listenerOf(tree)?.filter_chains?.[0]?.filters?.[0]?.typed_config;
const filterOf = (tree: Tree) => managerOf(tree)?.http_filters?.[0]?.typed_config;
const routesOf = (tree: Tree): readonly Tree[] => managerOf(tree)?.route_config?.virtual_hosts?.[0]?.routes ?? [];
const clustersOf = (tree: Tree): readonly Tree[] => (tree.static_resources?.clusters as readonly Tree[]) ?? [];
const named = (list: readonly Tree[], name: string) => list.find((each) => String(each.name) === name);
const cluster = (tree: Tree, name: string) => named(clustersOf(tree), name);

describe("an Envoy bootstrap", () => {
  it.each(modes)("keeps the six rules in %s", (mode) => {
    const tree = made({ mode });
    const filter = filterOf(tree);
    const options = cluster(tree, "postern_processor")?.typed_extension_protocol_options;
    const http = options?.["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"];
    expect(http?.common_http_protocol_options?.max_requests_per_connection).toBe(900);
    expect(http?.explicit_http_config?.http2_protocol_options?.connection_keepalive).toBeDefined();
    expect(filter?.failure_mode_allow).toBe(mode === "tap");
    expect(filter?.metadata_options?.receiving_namespaces?.untyped).toEqual(["postern"]);
    expect(managerOf(tree)).toMatchObject({ normalize_path: true, merge_slashes: true, stream_idle_timeout: "360s" });
  });

  it.each(modes)("holds no credential in %s", (mode) => {
    const text = toEnvoyBootstrap(config, { mode, processor });
    expect(text).toContain("postern_processor");
    expect(text).not.toContain(key);
    expect(text).not.toContain("sha256:");
  });

  it.each(modes)("says in a comment what %s means, and has no line that ends in a space", (mode) => {
    const text = toEnvoyBootstrap(config, { mode, processor });
    expect(text).toMatch(new RegExp(`^# Postern in Envoy, mode ${mode}`));
    expect(text.match(/ $/m)).toBeNull();
  });
});

describe("in terminate", () => {
  it("is the default, knows no provider, and ends in a 503 what the processor leaves", () => {
    const tree = made();
    expect(clustersOf(tree).map(({ name }) => name)).toEqual(["postern_processor"]);
    expect(routesOf(tree)).toHaveLength(1);
    expect(routesOf(tree)[0]).toMatchObject({ match: { prefix: "/" }, direct_response: { status: 503 } });
    expect(JSON.stringify(routesOf(tree))).not.toContain("cluster");
    expect(filterOf(tree)?.processing_mode).toEqual({
      request_header_mode: "SEND",
      request_body_mode: "FULL_DUPLEX_STREAMED",
      request_trailer_mode: "SEND",
      response_header_mode: "SKIP",
      response_body_mode: "NONE",
      response_trailer_mode: "SKIP",
    });
  });

  it("lets more calls through to the gateway than the gateway takes, so that it refuses them itself", () => {
    const thresholds = cluster(made(), "postern_processor")?.circuit_breakers?.thresholds?.[0];
    expect(thresholds).toEqual({ max_requests: 6_000, max_pending_requests: 6_000 });
  });
});

describe("in transform", () => {
  const tree = made({ mode: "transform" });

  it("reaches a target by a header that the processor alone can set, and nothing without it", () => {
    const early = managerOf(tree)?.early_header_mutation_extensions?.[0]?.typed_config;
    expect(early?.mutations).toEqual([{ remove: "x-postern-route" }]);
    const routes = routesOf(tree);
    const chosen = routes.slice(0, -1);
    expect(chosen.map(({ match }) => match?.headers)).toEqual(
      ["eu", "claude", "local", "numbered"].map((exact) => [{ name: "x-postern-route", string_match: { exact } }]),
    );
    for (const route of chosen)
      expect(route.request_headers_to_remove).toEqual(["x-postern-route", "x-forwarded-proto"]);
    expect(routes.at(-1)).toMatchObject({ match: { prefix: "/" }, direct_response: { status: 503 } });
  });

  it("gives each target its address, its name for TLS and for Host, and its timers", () => {
    expect(cluster(tree, "target_eu")).toMatchObject({
      type: "LOGICAL_DNS",
      transport_socket: { typed_config: { sni: "eu.example.com" } },
      load_assignment: {
        endpoints: [
          {
            lb_endpoints: [
              {
                endpoint: {
                  hostname: "eu.example.com:8443",
                  address: { socket_address: { address: "eu.example.com", port_value: 8443 } },
                },
              },
            ],
          },
        ],
      },
    });
    const claude = named(routesOf(tree), "target_claude")?.route;
    expect(claude).toMatchObject({ timeout: "300s", idle_timeout: "240s", auto_host_rewrite: true });
  });

  it("checks the certificate of every target that has one", () => {
    const checked = (name: string) =>
      cluster(tree, name)?.transport_socket?.typed_config?.common_tls_context?.validation_context;
    expect(checked("target_claude")).toEqual({
      trusted_ca: { filename: "/etc/ssl/certs/ca-certificates.crt" },
      match_typed_subject_alt_names: [{ san_type: "DNS", matcher: { exact: "api.anthropic.com" } }],
    });
    expect(checked("target_numbered")).toMatchObject({
      match_typed_subject_alt_names: [{ san_type: "IP_ADDRESS", matcher: { exact: "2001:db8::1" } }],
    });
    expect(cluster(tree, "target_numbered")?.transport_socket?.typed_config?.sni).toBeUndefined();
    expect(cluster(tree, "target_local")?.transport_socket).toBeUndefined();
  });

  it("holds bodies a little larger than the gateway takes, and waits longer than the gateway does", () => {
    const body = 5 * 1_048_576;
    expect(listenerOf(tree)?.per_connection_buffer_limit_bytes).toBe(body + 1_048_576);
    expect(filterOf(tree)?.message_timeout).toBe("13s");
  });

  it("streams answers in duplex, or where asked buffers them for the processor to switch", () => {
    expect(filterOf(tree)).toMatchObject({
      allow_mode_override: false,
      processing_mode: { response_body_mode: "FULL_DUPLEX_STREAMED", response_trailer_mode: "SEND" },
    });
    const streamed = made({ mode: "transform", answers: "streamed" });
    expect(filterOf(streamed)).toMatchObject({
      allow_mode_override: true,
      processing_mode: { response_body_mode: "BUFFERED", response_trailer_mode: "SKIP" },
    });
    expect(listenerOf(streamed)?.per_connection_buffer_limit_bytes).toBe(41 * 1_048_576);
  });

  it("reaches the providers' own hosts where callers may bring their own keys, and only there", () => {
    const names = (input: ConfigInput) => clustersOf(made({ mode: "transform" }, input)).map(({ name }) => name);
    expect(names({})).toEqual(["postern_processor", "target_openai", "target_anthropic"]);
    expect(names({ access: {} })).toEqual(["postern_processor"]);
    expect(names({ access: { ownKeys: "allow" }, targets: { openai: { provider: "openai" } } })).toEqual([
      "postern_processor",
      "target_openai",
      "target_anthropic",
    ]);
  });

  it("refuses a name by which one provider's keys would go to another", () => {
    const input: ConfigInput = { targets: { openai: { provider: "anthropic" } } };
    expect(() => made({ mode: "transform" }, input)).toThrow("targets.openai is not of that provider");
  });
});

describe("in tap", () => {
  it("sends each dialect to the first target that speaks it, copies go to the processor", () => {
    const tree = made({ mode: "tap" });
    expect(filterOf(tree)?.observability_mode).toBe(true);
    expect(routesOf(tree).map(({ match, route }) => [match?.prefix, route?.cluster, route?.prefix_rewrite])).toEqual([
      ["/v1/messages", "target_claude", undefined],
      ["/v1/", "target_eu", "/openai/v1/"],
    ]);
  });
});
