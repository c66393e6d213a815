import { type ClientRequest, type IncomingMessage, request as open } from "node:http";
import type { Onward } from "./bodies.ts";
import { type Fields, fieldOf, without } from "./fields.ts";
import { createGate } from "./gate.ts";
import { fieldsOf } from "./request.ts";
import type { Route, Settings } from "./setup.ts";

export interface Upstream extends Onward {
  /** Routes are matched when a request comes, and again only when the processor clears the cache. */
  match(fields: Fields): void;
  /** An answer of Envoy's own travels the response path like a provider's. */
  local(status: number, body: string, details: string): void;
  cancel(): void;
  readonly cluster: string | undefined;
  hold(reason: string): void;
  release(reason: string): void;
}

export interface UpstreamParts {
  readonly settings: Settings;
  /** Where answers go. */
  readonly answer: Onward;
  details(details: string): void;
  /** The provider broke off after its status line. */
  broke(): void;
  activity(): void;
  /** The provider does not read; then it does again. */
  full(): void;
  drained(): void;
}

export function createUpstream(parts: UpstreamParts): Upstream {
  const { settings, answer } = parts;
  let route: Route | undefined;
  let request: ClientRequest | undefined;
  let response: IncomingMessage | undefined;
  let over = false;
  const gate = createGate(() => response);

  const local = (status: number, body: string, details: string): void => {
    over = true;
    request?.destroy();
    parts.details(details);
    const fields: Fields = [
      [":status", String(status)],
      ["content-length", String(body.length)],
      ["content-type", "text/plain"],
    ];
    answer.headers(fields, body === "");
    if (body !== "") answer.data(Buffer.from(body), true);
  };
  const failed = (): void => {
    if (over) return;
    over = true;
    const body = "upstream connect error or disconnect/reset before headers. reset reason: connection termination";
    if (response) parts.broke();
    else local(503, body, "upstream_reset_before_response_started");
  };
  const answered = (incoming: IncomingMessage): void => {
    response = incoming;
    parts.activity();
    const fields: Fields = [[":status", String(incoming.statusCode)], ...fieldsOf(incoming.rawHeaders)];
    relay(incoming, fields, answer, parts.activity, () => {
      over = true;
    });
    incoming.on("error", failed).on("close", () => {
      if (!incoming.complete) failed();
    });
  };
  const dial = (url: string, fields: Fields, end: boolean): void => {
    const { hostname, port } = new URL(url);
    const headers = without(fields, ":method", ":path", ":authority", ":scheme", "host").flat();
    request = open({
      hostname,
      port,
      method: fieldOf(fields, ":method") ?? "",
      path: (route?.rewrite ?? "") + (fieldOf(fields, ":path") ?? ""),
      headers: ["host", `${hostname}:${port}`, ...headers],
      agent: false,
    });
    request.on("response", answered).on("error", failed).on("drain", parts.drained);
    request.flushHeaders();
    if (end) request.end();
  };

  return {
    match(fields) {
      route = settings.routes.find(({ header }) => !header || fieldOf(fields, header[0]) === header[1]);
    },
    get cluster() {
      return request && route?.cluster;
    },
    headers(fields, end) {
      const url = settings.clusters[route?.cluster ?? ""];
      if (url !== undefined) dial(url, fields, end);
      else if (route?.direct) local(route.direct.status, route.direct.body, "direct_response");
      else local(404, "", "route_not_found");
    },
    data(bytes) {
      if (request && !request.write(bytes)) parts.full();
    },
    end: () => void request?.end(),
    local,
    cancel() {
      over = true;
      request?.destroy();
    },
    hold: gate.hold,
    release: gate.release,
  };
}

/** An answer that comes in one packet carries its end with it; after any other an empty piece does. */
function relay(incoming: IncomingMessage, fields: Fields, to: Onward, activity: () => void, ended: () => void): void {
  const length = fieldOf(fields, "content-length");
  const bodyless = incoming.statusCode === 204 || incoming.statusCode === 304 || length === "0";
  let whole = bodyless;
  to.headers(fields, bodyless);
  incoming.on("data", (bytes: Buffer) => {
    activity();
    whole = Number(length) === bytes.length;
    to.data(bytes, whole);
  });
  incoming.on("end", () => {
    ended();
    if (!whole) to.end();
  });
}
