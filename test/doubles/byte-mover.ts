import { type IncomingMessage, request as open } from "node:http";
import { createGunzip } from "node:zlib";
import type { Attempt, AttemptRequest, Call, Gateway, Host, RequestHead } from "../../src/index.ts";

/** What a caller behind the mover sees. */
export interface Mover {
  head(status: number, headers: RequestHead["headers"]): void;
  /** The provider is not read on until what it returns resolves. */
  data(bytes: Uint8Array): unknown;
  end(): void;
  broken(): void;
}

export interface Moving {
  readonly head: RequestHead;
  readonly body: Uint8Array;
  readonly signal?: AbortSignal | undefined;
  /** Where a tap lets everything pass. */
  readonly tapped: string;
}

/** Drives `open()` as a proxy does: head, buffered body, mutations out, an answer in chunks; it talks to the provider itself. */
export async function moveBytes(gateway: Gateway, host: Host, moving: Moving, to: Mover): Promise<void> {
  await gateway.ready;
  const call = gateway.open(moving.head, host);
  moving.signal?.addEventListener("abort", () => call.abort(undefined));
  if (moving.signal?.aborted) call.abort(undefined);
  const wanted = await call.admitted;
  if (wanted > 0) await call.receive(moving.body);
  if (!host.mutates) return tap(call, moving, to);
  if (wanted > 0) {
    for (let attempt = await call.next(); attempt !== undefined; attempt = await call.next()) {
      if ((await move(attempt, call, moving, to)) === "over") return;
    }
  }
  if (moving.signal?.aborted) return to.broken();
  const reply = call.reply();
  to.head(reply.status, reply.headers);
  to.data(reply.body);
  to.end();
}

function send(request: AttemptRequest, signal?: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { method, url, headers, body } = request;
    const outgoing = open(url, {
      method,
      headers: headers as Record<string, string>,
      agent: false,
      ...(signal && { signal }),
    });
    outgoing.on("response", resolve).on("error", reject).end(body);
  });
}

async function* piecesOf(response: IncomingMessage): AsyncIterable<Uint8Array> {
  yield* response.headers["content-encoding"] === "gzip" ? response.pipe(createGunzip()) : response;
}

async function move(attempt: Attempt, call: Call, moving: Moving, to: Mover): Promise<"next" | "over"> {
  let started = false;
  let taken: unknown;
  let response: IncomingMessage | undefined;
  const pass = (bytes: Uint8Array): boolean => {
    if (!started && attempt.state !== "waiting" && attempt.state !== "rejected") {
      started = true;
      to.head(attempt.out.status, attempt.out.headers);
    }
    if (bytes.length > 0) taken = to.data(bytes);
    return attempt.state === "waiting" || attempt.state === "committed";
  };
  const timer = setInterval(() => pass(attempt.idle()), call.keepAlive);
  attempt.signal.addEventListener("abort", () => {
    pass(attempt.fail(attempt.signal.reason));
    response?.destroy();
  });
  try {
    response = await send(attempt.request, attempt.signal);
    attempt.head({ status: response.statusCode ?? 0, headers: response.headers });
    if (pass(new Uint8Array(0))) {
      for await (const piece of piecesOf(response)) {
        if (!pass(attempt.write(piece))) break;
        await taken;
      }
    }
    pass(attempt.end());
  } catch (cause) {
    pass(attempt.fail(cause));
  } finally {
    clearInterval(timer);
    response?.destroy();
  }
  if (attempt.state === "rejected") return moving.signal?.aborted ? "over" : "next";
  if (attempt.state === "broken" || moving.signal?.aborted) to.broken();
  else to.end();
  return "over";
}

/** Everything passes as it is; the engine only watches. */
async function tap(call: Call, moving: Moving, to: Mover): Promise<void> {
  const attempt = await call.next();
  const url = moving.tapped + moving.head.url;
  const { host: _host, ...headers } = moving.head.headers;
  const request = {
    ...moving.head,
    url,
    headers: { ...headers, "content-length": String(moving.body.length) },
    body: moving.body,
  };
  try {
    const response = await send(request, moving.signal);
    attempt?.head({ status: response.statusCode ?? 0, headers: response.headers });
    to.head(response.statusCode ?? 0, response.headers);
    for await (const piece of piecesOf(response)) {
      attempt?.write(piece);
      await to.data(piece);
    }
    attempt?.end();
    to.end();
  } catch (cause) {
    attempt?.fail(cause);
    to.broken();
  }
}
