import { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import type { Send } from "../../src/index.ts";
import { Passage } from "./passage.ts";
import { cancel, createWatch, originOf, type ProxyServer, toMessage } from "./server.ts";

/**
 * Talks to the providers through the team's own proxy server: its agents, its certificates, its listeners. Each attempt is a request of its
 * own, so that a caller's connection never hears what the proxy does with an answer that is not for it.
 * @param network options that every request is made with
 */
export function createTransport(server: ProxyServer, network: object): Send {
  const web = server.web.bind(server);
  const passages = createWatch(server);
  return (target) => (attempt, to) => {
    const request = toMessage(attempt);
    const response = new ServerResponse(request);
    const passage = new Passage(to, target.timeouts, () => cancel(request, response));
    passages.set(request, passage);
    const start = async (): Promise<unknown> =>
      web(request, response, {
        ...network,
        target: originOf(attempt),
        selfHandleResponse: true,
        buffer: Readable.from([attempt.body]),
      });
    // Later, since a sink is never called before it has its flow.
    queueMicrotask(() => {
      if (!passage.over) start().catch((error: Error) => passage.fail(error));
    });
    return passage;
  };
}
