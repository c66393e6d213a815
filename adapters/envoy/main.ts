#!/usr/bin/env node
import { parseArgs } from "node:util";
import { ConfigError, createLogger, loadConfig } from "../../src/index.ts";
import { createExternalProcessor, type EnvoyMode } from "./envoy.ts";

const usage = `Serves a gateway as an Envoy external processor.

  --config FILE       the gateway's config (YAML); without it, callers bring their own providers' keys
  --listen ADDRESS    HOST:PORT, [IPv6]:PORT or unix:/PATH (default 127.0.0.1:50051)
  --as MODE           terminate (default), transform or tap
  --cert FILE --key FILE [--client-ca FILE]    TLS, or mutual TLS
  --drain SECONDS     how long running calls may finish after SIGTERM (default 10)
`;

class Usage extends Error {}

const modes: readonly string[] = ["terminate", "transform", "tap"] satisfies readonly EnvoyMode[];
const isMode = (word: string): word is EnvoyMode => modes.includes(word);

function readArguments() {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      config: text,
      listen: text,
      as: { ...text, default: "terminate" },
      cert: text,
      key: text,
      "client-ca": text,
      drain: { ...text, default: "10" },
      help: { type: "boolean" },
    },
  });
  const { as: mode, cert, key, "client-ca": clientCa, drain, listen, config, help = false } = values;
  if (!isMode(mode)) throw new Usage(`--as must be one of ${modes.join(", ")}`);
  if ((cert === undefined) !== (key === undefined)) throw new Usage("--cert and --key go together");
  if (clientCa !== undefined && cert === undefined) throw new Usage("--client-ca needs --cert and --key");
  if (!/^\d+$/.test(drain)) throw new Usage("--drain takes whole seconds");
  const tls = cert === undefined || key === undefined ? undefined : { cert, key, ...(clientCa && { clientCa }) };
  return {
    options: { mode, ...(listen && { listen }), ...(tls && { tls }) },
    drain: Number(drain) * 1_000,
    config,
    help,
  };
}

async function run(): Promise<void> {
  const { options, drain, config, help } = readArguments();
  if (help) {
    process.stdout.write(usage);
    return;
  }
  const log = createLogger();
  const processor = createExternalProcessor(config === undefined ? {} : await loadConfig(config), options);
  const address = await processor.listen();
  log.info({ address, mode: options.mode }, "external processor listening");
  let closing = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (closing) return;
    closing = true;
    log.info({ signal }, "draining");
    processor.close(drain).then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on("SIGTERM", stop).on("SIGINT", stop);
}

function reasonOf(cause: unknown): string {
  const wrongArguments =
    cause instanceof TypeError && (cause as NodeJS.ErrnoException).code?.startsWith("ERR_PARSE_ARGS");
  if (cause instanceof Usage || wrongArguments === true) return `${(cause as Error).message}\n\n${usage}`;
  return cause instanceof ConfigError || cause instanceof Error ? `${cause.message}\n` : "failed\n";
}

run().catch((cause: unknown) => {
  process.stderr.write(reasonOf(cause));
  process.exit(1);
});
