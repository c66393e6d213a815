import type { EnvoySetup } from "../../../doubles/fake-envoy/setup.ts";

/** The listeners that the rows are asked of; `nobody` has a processor that is not there. */
export const setupsOf = (url: string) =>
  ({
    terminate: { mode: "terminate", streamIdleTimeout: 2_000, bufferLimit: 1_048_576 },
    /** What no configuration of ours does: a terminated route that leads somewhere. */
    leaky: { mode: "terminate", routes: [{ cluster: "provider" }], clusters: { provider: url } },
    routeless: { mode: "terminate", routes: [] },
    impatient: { mode: "terminate", streamIdleTimeout: 400 },
    trailing: { mode: "terminate", trailers: true },
    nobody: { mode: "terminate" },
    transform: { mode: "transform", clusters: { provider: url } },
    plain: {
      mode: "transform",
      routes: [{ cluster: "provider" }],
      clusters: { provider: url },
      messageTimeout: 400,
      bufferLimit: 65_536,
    },
    duplex: {
      mode: "transform",
      answers: "duplex",
      routes: [{ cluster: "provider" }],
      clusters: { provider: url },
      messageTimeout: 400,
    },
    tap: { mode: "tap", clusters: { provider: url }, deferredClose: 300 },
    rewriting: {
      mode: "tap",
      routes: [{ cluster: "provider", rewrite: "/first" }],
      clusters: { provider: url },
      deferredClose: 300,
    },
    nobodyTaps: { mode: "tap", clusters: { provider: url } },
    nobodyTapsStrictly: { mode: "tap", clusters: { provider: url }, failureModeAllow: false },
  }) as const satisfies Record<string, EnvoySetup>;

export type SetupName = keyof ReturnType<typeof setupsOf>;
export const dead: readonly SetupName[] = ["nobody", "nobodyTaps", "nobodyTapsStrictly"];
