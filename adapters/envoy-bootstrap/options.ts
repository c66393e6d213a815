import type { Config } from "../../src/index.ts";
import { type Address, parseAddress } from "./address.ts";

/** terminate: the processor calls the provider. transform: Envoy does. tap: the processor gets copies and cannot change anything. */
export type EnvoyMode = "terminate" | "transform" | "tap";

/** What an Envoy bootstrap needs to know besides the gateway's own config. Paths are those of the machine that Envoy runs on. */
export interface EnvoyBootstrapOptions {
  readonly mode?: EnvoyMode | undefined;
  /** Where the processor listens, as Envoy reaches it: `host:port` or `unix:PATH`. */
  readonly processor: string;
  /** TLS to the processor: whom to trust, and for mutual TLS who we are. */
  readonly processorTls?: ProcessorTls | undefined;
  /** Where callers connect; `127.0.0.1:10000` by default. */
  readonly listener?: string | undefined;
  readonly listenerTls?: CertificateFiles | undefined;
  /** `127.0.0.1:9901` by default. Whoever reaches it can stop Envoy. */
  readonly admin?: string | undefined;
  /**
   * How answers are processed in transform. `duplex` (default): a cut ends the stream cleanly and stops the provider, whole answers are sent
   * chunked. `streamed`: for Envoys without it; a stream that is cut runs, and is billed, to its end.
   */
  readonly answers?: "duplex" | "streamed" | undefined;
  /** Certificate authorities that providers are checked against; `/etc/ssl/certs/ca-certificates.crt` by default. */
  readonly authorities?: string | undefined;
}

export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

export interface ProcessorTls extends Partial<CertificateFiles> {
  readonly authorities: string;
  /** The name in the processor's certificate; by default the host of its address. */
  readonly name?: string | undefined;
}

/** The options with their defaults, and the config that they go with. */
export interface Plan {
  readonly config: Config;
  readonly mode: EnvoyMode;
  readonly processor: Address;
  readonly processorTls: ProcessorTls | undefined;
  readonly listener: Address;
  readonly listenerTls: CertificateFiles | undefined;
  readonly admin: Address;
  readonly answers: "duplex" | "streamed";
  readonly authorities: string;
}

export function toPlan(config: Config, options: EnvoyBootstrapOptions): Plan {
  return {
    config,
    mode: options.mode ?? "terminate",
    processor: parseAddress(options.processor),
    processorTls: options.processorTls,
    listener: parseAddress(options.listener ?? "127.0.0.1:10000"),
    listenerTls: options.listenerTls,
    admin: parseAddress(options.admin ?? "127.0.0.1:9901"),
    answers: options.answers ?? "duplex",
    authorities: options.authorities ?? "/etc/ssl/certs/ca-certificates.crt",
  };
}
