import { isIP } from "node:net";
import { quote } from "./text.ts";

/** A place to listen or to connect to: a port, or the path of a Unix socket. */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

/**
 * `host:port`, `[::1]:port`, or `unix:PATH`.
 * @throws Error where it is none of them
 */
export function parseAddress(text: string): Address {
  if (text.startsWith("unix:") && text.length > "unix:".length) return { path: text.slice("unix:".length) };
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const [host, port] = [bracketed ?? plain, Number(digits)];
  if (host === undefined || !(port <= 65_535))
    throw new Error(`${JSON.stringify(text)} is no address: expected host:port or unix:PATH`);
  return { host, port };
}

/** As Envoy's configuration writes it. */
export function toEnvoyAddress(address: Address): string {
  if ("path" in address) return `{ pipe: { path: ${quote(address.path)} } }`;
  return `{ socket_address: { address: ${quote(address.host)}, port_value: ${address.port} } }`;
}

/** Names are looked up, numbers and paths are not. */
export const isNamed = (address: Address): boolean => "host" in address && isIP(address.host) === 0;
