import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

export const show = (label: string, value: string): void => {
  process.stdout.write(`${label}: ${value}\n`);
};

/** Listens at any free port of loopback. */
export async function listen(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export async function shut(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, "close");
}
