import { type ClientRequest, request as open } from "node:http";
import type { Outcome } from "./lab.ts";
import { pause } from "./moments.ts";

export interface Asking {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Sent one by one, chunked; the request ends after the last unless `open`. */
  readonly pieces?: readonly string[];
  readonly open?: boolean;
  /** Called when the pieces are not taken any more; the caller then waits for room. */
  readonly stalled?: () => void;
  /** The caller leaves once the answer contains this. */
  readonly leaveAt?: string;
  /** The caller leaves after so many milliseconds without an end. */
  readonly patience?: number;
  /** Nothing is read after the head before this resolves. */
  readonly pausedUntil?: () => Promise<unknown>;
}

/** Asks once, and writes down what came back. */
export async function ask(url: string, row: string, asking: Asking, outcome: Outcome): Promise<void> {
  const { method = "POST", path = "/v1/chat", headers = {}, pieces, body = "", patience = 10_000 } = asking;
  const whole = pieces === undefined && method !== "GET" && method !== "HEAD";
  const length = whole ? { "content-length": String(Buffer.byteLength(body)) } : {};
  const chunked = pieces && !("content-length" in headers) ? { "transfer-encoding": "chunked" } : {};
  await new Promise<void>((resolve) => {
    const request = open(url + path, {
      method,
      agent: false,
      headers: { "x-row": row, ...length, ...chunked, ...headers },
    });
    const timer = setTimeout(() => {
      outcome.hung = true;
      request.destroy();
    }, patience);
    const over = (): void => {
      clearTimeout(timer);
      resolve();
    };
    request.on("error", over).on("response", (response) => {
      outcome.status = response.statusCode ?? 0;
      outcome.headers = response.headers;
      response.on("data", (bytes: Buffer) => {
        outcome.pieces.push(bytes.toString("latin1"));
        outcome.text += outcome.pieces.at(-1);
        if (asking.leaveAt !== undefined && outcome.text.includes(asking.leaveAt)) request.destroy();
      });
      if (asking.pausedUntil) {
        response.pause();
        asking.pausedUntil().then(() => response.resume(), over);
      }
      response.on("error", over).on("close", over);
      response.on("end", () => {
        outcome.broken = !response.complete;
        outcome.trailers = response.trailers;
      });
    });
    request.on("upgrade", (response, socket) => {
      outcome.status = response.statusCode ?? 0;
      socket.destroy();
      over();
    });
    send(request, asking, whole ? [body] : (pieces ?? [])).catch(over);
  });
}

async function send(request: ClientRequest, asking: Asking, pieces: readonly string[]): Promise<void> {
  for (const each of pieces) {
    const room = request.write(each);
    if (!asking.stalled) await pause(30);
    else if (!room) await drained(request, asking.stalled);
  }
  if (asking.open !== true) request.end();
}

/** Half a second without room is a stall. */
async function drained(request: ClientRequest, stalled: () => void): Promise<void> {
  const timer = setTimeout(stalled, 500);
  await new Promise((resolve) => request.once("drain", resolve));
  clearTimeout(timer);
}
