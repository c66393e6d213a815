import type { Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

export interface Exchange {
  readonly socket: Socket;
  /** All that was answered until the server closed the connection, or answered `count` times. */
  answer(count?: number): Promise<readonly Answer[]>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** A connection whose every byte is ours. */
export function dial(server: Server): Exchange {
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  let text = "";
  let check = (): void => {};
  let closed = false;
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    text += bytes.toString("latin1");
    check();
  });
  socket.on("close", () => {
    closed = true;
    check();
  });
  return {
    socket,
    answer: (count = 1) =>
      new Promise((resolve) => {
        check = () => {
          const answers = answersIn(text);
          if (answers.length >= count || closed) resolve(answers);
        };
        check();
      }),
  };
}

/** Complete answers with a declared length, in order; a bare `100 Continue` is none. */
function answersIn(text: string): readonly Answer[] {
  const answers: Answer[] = [];
  for (let rest = text; ; ) {
    const end = rest.indexOf("\r\n\r\n");
    if (end < 0) return answers;
    const [first = "", ...lines] = rest.slice(0, end).split("\r\n");
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 2)]),
    );
    const length = Number(headers["content-length"] ?? 0);
    const body = rest.slice(end + 4, end + 4 + length);
    if (body.length < length) return answers;
    rest = rest.slice(end + 4 + length);
    const status = Number(first.split(" ")[1]);
    if (status !== 100) answers.push({ status, headers, body });
  }
}

/** Writes as long as the server takes it, never more than a socket's worth ahead. */
export async function pour(socket: Socket, piece: string | Uint8Array, times: number): Promise<void> {
  for (let i = 0; i < times && !socket.destroyed && socket.writable; i++) {
    if (socket.write(piece)) continue;
    await new Promise<void>((resolve) => {
      const on = (): void => {
        socket.off("drain", on).off("close", on);
        resolve();
      };
      socket.on("drain", on).on("close", on);
    });
  }
}
