import { lstat, unlink } from "node:fs/promises";
import { connect } from "node:net";

const unixPrefix = "unix:";

/** What `bindAsync` takes: `127.0.0.1:50051`, `[::1]:50051`, `unix:/run/postern.sock`. Throws where it is none of these. */
export function checkAddress(address: string): string {
  if (/^unix:.+$/.test(address)) return address;
  const port = Number(/^(?:\[[0-9a-fA-F:.]+\]|[^\s:/[\]]+):(\d{1,5})$/.exec(address)?.[1]);
  if (port <= 65_535) return address;
  throw new TypeError(`cannot listen on "${address}": write HOST:PORT, [IPv6]:PORT or unix:/PATH`);
}

/** The address that was bound, where port 0 asked for any. */
export function boundAddress(address: string, port: number): string {
  return address.startsWith(unixPrefix) ? address : `${address.slice(0, address.lastIndexOf(":"))}:${port}`;
}

/** Removes a socket file that a processor left behind. Throws for one that still answers, and for what is no socket. */
export async function removeStaleSocket(address: string): Promise<void> {
  if (!address.startsWith(unixPrefix)) return;
  const path = address.slice(unixPrefix.length);
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`cannot listen on "${address}": there is something else under this path`);
  if (await answers(path)) throw new Error(`cannot listen on "${address}": somebody else does`);
  await unlink(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const over = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket
      .on("connect", () => over(true))
      .on("error", (error: NodeJS.ErrnoException) => over(error.code !== "ECONNREFUSED"));
  });
}
