import { parseArgs } from "node:util";
import { loadConfig } from "../../src/index.ts";
import { type EnvoyBootstrapOptions, type EnvoyMode, toEnvoyBootstrap } from "./bootstrap.ts";

const usage = `Writes an Envoy bootstrap for a Postern config to standard output.

  npm run --silent envoy:bootstrap -- --config postern.yaml --processor 127.0.0.1:50051 > envoy.yaml

  --config FILE         the gateway's config
  --processor ADDRESS   where the processor listens: host:port or unix:PATH
  --as MODE             terminate (default), transform or tap
  --listen ADDRESS      where callers connect; 127.0.0.1:10000 by default
  --admin ADDRESS       Envoy's admin interface; 127.0.0.1:9901 by default
  --answers HOW         in transform: duplex (default) or streamed
  --authorities FILE    certificate authorities for providers; /etc/ssl/certs/ca-certificates.crt by default
  --certificate FILE --key FILE                       TLS for callers
  --processor-authorities FILE [--processor-name NAME]  TLS to the processor
  --processor-certificate FILE --processor-key FILE   and mutual TLS
  --help                print this
`;

const text = { type: "string" } as const;
const options = {
  help: { type: "boolean" },
  config: text,
  processor: text,
  as: text,
  listen: text,
  admin: text,
  answers: text,
  authorities: text,
  certificate: text,
  key: text,
  "processor-authorities": text,
  "processor-name": text,
  "processor-certificate": text,
  "processor-key": text,
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>["values"];

function oneOf<T extends string>(name: string, value: string | undefined, known: readonly T[]): T | undefined {
  if (value === undefined || known.includes(value as T)) return value as T | undefined;
  throw new Error(`--${name} ${value}: expected ${known.join(", ")}`);
}

function toOptions(values: Values, processor: string): EnvoyBootstrapOptions {
  const { certificate, key, "processor-authorities": trusted } = values;
  if ((certificate === undefined) !== (key === undefined)) throw new Error("--certificate and --key go together");
  return {
    processor,
    mode: oneOf<EnvoyMode>("as", values.as, ["terminate", "transform", "tap"]),
    listener: values.listen,
    admin: values.admin,
    answers: oneOf("answers", values.answers, ["duplex", "streamed"]),
    authorities: values.authorities,
    listenerTls: certificate === undefined || key === undefined ? undefined : { certificate, key },
    processorTls: trusted === undefined ? undefined : toProcessorTls(values, trusted),
  };
}

function toProcessorTls(values: Values, authorities: string): EnvoyBootstrapOptions["processorTls"] {
  const { "processor-certificate": certificate, "processor-key": key, "processor-name": name } = values;
  if ((certificate === undefined) !== (key === undefined))
    throw new Error("--processor-certificate and --processor-key go together");
  return { authorities, name, ...(certificate === undefined || key === undefined ? {} : { certificate, key }) };
}

async function written(): Promise<string> {
  const { values } = parseArgs({ options });
  if (values.help) return usage;
  if (values.config === undefined || values.processor === undefined) throw new Error(usage);
  return toEnvoyBootstrap(await loadConfig(values.config), toOptions(values, values.processor));
}

try {
  process.stdout.write(await written());
} catch (cause) {
  process.stderr.write(`${cause instanceof Error ? cause.message : "it did not work"}\n`);
  process.exitCode = 1;
}
