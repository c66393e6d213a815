import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { HttpHead, Reply } from "../../src/index.ts";

/** A head as it is written where Node has no response for it: an upgrade that was not granted. */
export function headText({ status, headers }: HttpHead): string {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    (typeof value === "string" || value === undefined ? [value] : value).flatMap((one) =>
      one === undefined ? [] : [`${name}: ${one}`],
    ),
  );
  return `${[`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`, ...lines].join("\r\n")}\r\n\r\n`;
}

/** Answers an upgrade request, and closes: nobody else reads the socket, so nobody would hear of its end. */
export function writeTo(socket: Socket, { status, headers, body }: Reply): void {
  if (socket.destroyed) return;
  const framed = { ...headers, "content-length": String(body.length), connection: "close" };
  socket.write(headText({ status, headers: framed }), "latin1");
  socket.write(body);
  closeSoon(socket);
}

/** When all is written. */
export function closeSoon(socket: Socket): void {
  socket.resume();
  socket.destroySoon();
}
