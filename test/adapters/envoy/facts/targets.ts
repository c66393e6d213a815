import { type FakeEnvoy, startFakeEnvoy } from "../../../doubles/fake-envoy/fake-envoy.ts";
import type { EnvoySetup } from "../../../doubles/fake-envoy/setup.ts";
import { type EnvoyLine, type RealEnvoy, startRealEnvoy } from "../../../doubles/real-envoy.ts";

export interface LogLine {
  readonly code: number;
  readonly details: string;
  readonly metadata: object | undefined;
}

/** The Envoys that are asked: a listener for each setup. */
export interface Target {
  url(setup: string): string;
  violations(setup: string): readonly string[] | undefined;
  close(): Promise<ReadonlyMap<string, LogLine>>;
}

export async function fakeTarget(
  setups: Readonly<Record<string, EnvoySetup>>,
  at: (setup: string) => string,
): Promise<Target> {
  const envoys = new Map<string, FakeEnvoy>();
  for (const [name, setup] of Object.entries(setups))
    envoys.set(name, await startFakeEnvoy({ ...setup, processor: at(name) }));
  const seen = new Map<string, number>();
  return {
    url: (setup) => envoys.get(setup)?.url ?? "",
    violations(setup) {
      const all = envoys.get(setup)?.violations ?? [];
      const from = seen.get(setup) ?? 0;
      seen.set(setup, all.length);
      return all.slice(from);
    },
    async close() {
      const lines = new Map<string, LogLine>();
      for (const envoy of envoys.values()) {
        await envoy.close();
        for (const { headers, code, details, metadata } of envoy.accessLog)
          lines.set(headers["x-row"] ?? "", { code, details, metadata: metadata.postern as object | undefined });
      }
      return lines;
    },
  };
}

interface Listeners {
  readonly listener_statuses?: readonly {
    readonly name: string;
    readonly local_address: { readonly socket_address: { readonly port_value: number } };
  }[];
}

export async function realTarget(line: EnvoyLine, bootstrap: object): Promise<Target> {
  const envoy: RealEnvoy = await startRealEnvoy({ line, bootstrap });
  const answer = await fetch(`${envoy.admin}/listeners?format=json`);
  const { listener_statuses: statuses = [] } = (await answer.json()) as Listeners;
  const ports = new Map(statuses.map((each) => [each.name, each.local_address.socket_address.port_value]));
  return {
    url: (setup) => `http://127.0.0.1:${ports.get(setup)}`,
    violations: () => undefined,
    async close() {
      await envoy.close();
      const lines = envoy.accessLog.map((text) => JSON.parse(text) as LogLine & { row: string; postern?: object });
      return new Map(lines.map(({ row, code, details, postern }) => [row, { code, details, metadata: postern }]));
    },
  };
}
