import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import type { PassThrough, RequestHead } from "../../src/index.ts";
import { parsedBody, writeReply } from "../node-message.ts";
import type { Forwarder } from "../pass-through.ts";
import { Forwarding } from "./forwarding.ts";
import { cancel, createWatch, originOf, type ProxyServer, toMessage } from "./server.ts";
import { writeTo } from "./socket.ts";
import { Tunnel } from "./tunnel.ts";

/**
 * Forwards what is passed through with a proxy server of `http-proxy-middleware`: the body as it comes, byte for byte, at the pace of
 * the slower end, and the answer likewise. Where either end leaves, the other is told.
 * @param network options that every request is made with
 */
export function createForwarder(server: ProxyServer, network: object): Forwarder {
  const [web, ws] = [server.web.bind(server), server.ws.bind(server)];
  const watchers = createWatch(server);

  const forward = async (passing: PassThrough, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const leaving = await passing.admitted;
    if (leaving === undefined) return writeReply(passing.reply(), request, response);
    const [head, body] = bodyOf(request, leaving);
    const message = toMessage(head);
    const standIn = new ServerResponse(message);
    const forwarding = new Forwarding(passing, request, response, () => cancel(message, standIn));
    watchers.set(message, forwarding);
    if (response.destroyed || forwarding.over) return;
    const options = { ...network, target: originOf(leaving), selfHandleResponse: true, buffer: body };
    await Promise.resolve(web(message, standIn, options)).catch((error: Error) => forwarding.fail(error));
  };

  const upgrade = async (passing: PassThrough, socket: Socket, first: Buffer): Promise<void> => {
    const leaving = await passing.admitted;
    if (leaving === undefined) return writeTo(socket, passing.reply());
    const message = toMessage(leaving);
    const tunnel = new Tunnel(passing, socket);
    watchers.set(message, tunnel);
    if (tunnel.over) return;
    if (first.length > 0) socket.unshift(first);
    const options = { ...network, target: originOf(leaving) };
    await Promise.resolve(ws(message, socket, options)).catch((error: Error) => tunnel.fail(error));
  };

  return {
    forward(passing, request, response) {
      const onClose = (): void => {
        if (!response.writableFinished) passing.abort(undefined);
      };
      if (response.destroyed) onClose();
      else response.once("close", onClose);
      forward(passing, request, response).catch((cause) => {
        passing.fail(cause);
        response.destroy();
      });
    },
    upgrade(passing, _request, socket, first) {
      upgrade(passing, socket, first).catch((cause) => {
        passing.fail(cause);
        socket.destroy();
      });
    },
  };
}

/** A body parser that ran before us has taken the bytes, and the encoding that the header still names. */
function bodyOf(request: IncomingMessage, leaving: RequestHead): readonly [RequestHead, Readable] {
  const parsed = parsedBody(request);
  if (parsed === undefined) return [leaving, request];
  const { "content-encoding": _encoding, "transfer-encoding": _framing, ...headers } = leaving.headers;
  return [{ ...leaving, headers: { ...headers, "content-length": String(parsed.length) } }, Readable.from([parsed])];
}
