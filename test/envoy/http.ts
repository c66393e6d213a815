import { once } from "node:events";
import { type ClientRequest, request as open } from "node:http";
import { asking } from "../adapters/scene.ts";

export interface Answered {
  readonly status: number;
  readonly text: string;
  /** The connection ended before the answer did. */
  readonly broken: boolean;
}

export interface Sending {
  readonly request: ClientRequest;
  readonly answered: Promise<Answered>;
}

/** A chat call of which nothing is read yet: the path stays as it is written, and the body is written by who asks. */
export function openRequest(base: string, path = "/v1/chat/completions", headers: object = {}): ClientRequest {
  const { hostname, port } = new URL(base);
  const own = { authorization: "Bearer psk_web", "content-type": "application/json", ...headers };
  return open({ hostname, port, path, method: "POST", headers: own, agent: false });
}

/** The same, read as fast as the answer comes. */
export function openCall(base: string, path?: string, headers?: object): Sending {
  const request = openRequest(base, path, headers);
  const answered = new Promise<Answered>((resolve) => {
    let [status, text] = [0, ""];
    const over = (broken: boolean) => () => resolve({ status, text, broken });
    request.on("error", over(true));
    request.on("response", (response) => {
      status = response.statusCode ?? 0;
      response.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
      });
      response.on("end", () => over(!response.complete)()).on("error", over(true));
    });
  });
  return { request, answered };
}

export interface CallOptions {
  readonly path?: string;
  readonly headers?: Record<string, string>;
  /** Of the body. */
  readonly fields?: object;
}

/** A whole chat call that says `content`. */
export function call(base: string, content: string, { path, headers, fields }: CallOptions = {}): Promise<Answered> {
  const { request, answered } = openCall(base, path, headers);
  request.end(asking(content, fields).body);
  return answered;
}

/** Uploads up to `total` bytes as fast as they are taken, until an answer comes. Resolves to what was answered and how much had been sent. */
export async function upload(
  base: string,
  total: number,
  headers: Record<string, string> = {},
): Promise<Answered & { readonly sent: number }> {
  const { request, answered } = openCall(base, undefined, headers);
  const piece = "x".repeat(65_536);
  let over = false;
  const ended = answered.then(() => {
    over = true;
  });
  let sent = 0;
  request.write(`{"model":"fast","messages":[{"role":"user","content":"`);
  while (!over && sent < total) {
    sent += piece.length;
    if (!request.write(piece)) await Promise.race([once(request, "drain"), ended]);
    // Who writes without a pause never looks whether an answer has come.
    await new Promise(setImmediate);
  }
  const answer = await answered;
  request.destroy();
  return { ...answer, sent };
}
