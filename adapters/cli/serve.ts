import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { createLogger } from "../../src/index.ts";
import { startSidecar } from "../sidecar/sidecar.ts";
import { type Command, text, toNumber, UsageError } from "./command.ts";

const usage = `postern serve [--config FILE] [--port PORT] [--host HOST] [--drain SECONDS] [--admin-port PORT]

  --config FILE       the gateway's config (YAML), read again when it changes and on SIGHUP; without it, callers bring their own providers' keys
  --port PORT         default 8787; 0: any that is free
  --host HOST         default 127.0.0.1
  --drain SECONDS     how long running calls may finish after SIGTERM (default 10)
  --admin-port PORT   serves /metrics to whoever shows the token in POSTERN_ADMIN_TOKEN; off without it (default 8788)

GET /postern/health/live and /postern/health/ready answer 200, or 503 while draining.
`;

export const serve: Command = {
  summary: "serve a gateway as a process of its own",
  usage,
  async run(words) {
    const { options, drain } = readWords(words);
    const log = createLogger();
    const sidecar = await startSidecar({ ...options, log });
    const { address, admin } = sidecar;
    process.on("SIGHUP", () => void sidecar.reload());
    const stop = stopping();
    // Whoever reads this line may send a signal at once.
    log.info({ address: written(address), ...(admin && { admin: written(admin) }) }, "listening");
    log.info({ signal: await stop }, "draining");
    await sidecar.close(drain);
    return 0;
  },
};

function readWords(words: readonly string[]) {
  const options = {
    config: text,
    port: { ...text, default: "8787" },
    host: text,
    drain: { ...text, default: "10" },
    "admin-port": text,
  };
  const { values } = parseArgs({ args: [...words], options });
  const token = process.env.POSTERN_ADMIN_TOKEN;
  const adminPort = values["admin-port"];
  if (adminPort !== undefined && !token) throw new UsageError("--admin-port needs a token in POSTERN_ADMIN_TOKEN");
  const admin = token ? { token, port: toNumber("admin-port", adminPort ?? "8788", 0, 65_535) } : undefined;
  const port = toNumber("port", values.port, 0, 65_535);
  const drain = toNumber("drain", values.drain, 0, 86_400) * 1_000;
  return { options: { config: values.config, host: values.host, port, admin }, drain };
}

const written = ({ address, port, family }: AddressInfo): string =>
  family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`;

const stopping = (): Promise<NodeJS.Signals> =>
  new Promise((resolve) => {
    process.on("SIGTERM", resolve).on("SIGINT", resolve);
  });
