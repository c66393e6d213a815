import { createHash, timingSafeEqual } from "node:crypto";
import type { RequestListener } from "node:http";
import type { Metrics } from "./metrics.ts";

const digestOf = (text: string): Buffer => createHash("sha256").update(text).digest();

/** `/metrics` for whoever shows the token (`authorization: Bearer …`, as Prometheus sends it). */
export function createAdmin(token: string, metrics: Metrics): RequestListener {
  const wanted = digestOf(`Bearer ${token}`);
  return (request, response) => {
    request.resume();
    const answer = (status: number, text: string, headers = {}): void => {
      response.writeHead(status, { "content-type": "text/plain; version=0.0.4; charset=utf-8", ...headers });
      response.end(text);
    };
    if (!timingSafeEqual(digestOf(request.headers.authorization ?? ""), wanted))
      return answer(401, "unauthorized\n", { "www-authenticate": "Bearer" });
    if (request.url !== "/metrics") return answer(404, "not found\n");
    if (request.method !== "GET") return answer(405, "method not allowed\n", { allow: "GET" });
    answer(200, metrics.render());
  };
}
