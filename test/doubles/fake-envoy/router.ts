import { type ClientRequest, type IncomingMessage, request as open } from "node:http";
import type { Onward } from "./bodies.ts";
import { type Fields, fieldOf, without } from "./fields.ts";
import { createGate, type Gate } from "./gate.ts";
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

export const createUpstream = (parts: UpstreamParts): Upstream => new Provider(parts);

class Provider implements Upstream {
  readonly #parts: UpstreamParts;
  readonly #gate: Gate;
  #route: Route | undefined;
  #request: ClientRequest | undefined;
  #response: IncomingMessage | undefined;
  #over = false;

  constructor(parts: UpstreamParts) {
    this.#parts = parts;
    this.#gate = createGate(() => this.#response);
  }

  get cluster(): string | undefined {
    return this.#request && this.#route?.cluster;
  }

  match(fields: Fields): void {
    const { routes } = this.#parts.settings;
    this.#route = routes.find(({ header }) => !header || fieldOf(fields, header[0]) === header[1]);
  }

  headers(fields: Fields, end: boolean): void {
    const { cluster = "", direct } = this.#route ?? {};
    const url = this.#parts.settings.clusters[cluster];
    if (url !== undefined) this.#dial(url, fields, end);
    else if (direct) this.local(direct.status, direct.body, "direct_response");
    else this.local(404, "", "route_not_found");
  }

  data(bytes: Buffer): void {
    if (this.#request && !this.#request.write(bytes)) this.#parts.full();
  }

  end(): void {
    this.#request?.end();
  }

  local(status: number, body: string, details: string): void {
    const { answer } = this.#parts;
    this.cancel();
    this.#parts.details(details);
    const fields: Fields = [
      [":status", String(status)],
      ["content-length", String(body.length)],
      ["content-type", "text/plain"],
    ];
    answer.headers(fields, body === "");
    if (body !== "") answer.data(Buffer.from(body), true);
  }

  cancel(): void {
    this.#over = true;
    this.#request?.destroy();
  }

  hold(reason: string): void {
    this.#gate.hold(reason);
  }

  release(reason: string): void {
    this.#gate.release(reason);
  }

  #dial(url: string, fields: Fields, end: boolean): void {
    const { hostname, port } = new URL(url);
    const headers = without(fields, ":method", ":path", ":authority", ":scheme", "host").flat();
    const request = open({
      hostname,
      port,
      method: fieldOf(fields, ":method") ?? "",
      path: (this.#route?.rewrite ?? "") + (fieldOf(fields, ":path") ?? ""),
      headers: ["host", `${hostname}:${port}`, ...headers],
      agent: false,
    });
    this.#request = request;
    request.on("response", (response) => this.#answer(response, request.method));
    request.on("error", () => this.#failed()).on("drain", this.#parts.drained);
    request.flushHeaders();
    if (end) request.end();
  }

  /** An answer that comes in one packet carries its end with it; after any other an empty piece does. */
  #answer(response: IncomingMessage, method: string): void {
    this.#response = response;
    const { answer, activity } = this.#parts;
    const fields: Fields = [[":status", String(response.statusCode)], ...fieldsOf(response.rawHeaders)];
    const length = fieldOf(fields, "content-length");
    let whole = method === "HEAD" || response.statusCode === 204 || response.statusCode === 304 || length === "0";
    activity();
    answer.headers(fields, whole);
    response.on("data", (bytes: Buffer) => {
      activity();
      whole = Number(length) === bytes.length;
      answer.data(bytes, whole);
    });
    response.on("end", () => {
      this.#over = true;
      if (!whole) answer.end();
    });
    response
      .on("error", () => this.#failed())
      .on("close", () => {
        if (!response.complete) this.#failed();
      });
  }

  #failed(): void {
    if (this.#over) return;
    this.#over = true;
    const why = "upstream connect error or disconnect/reset before headers. reset reason: connection termination";
    if (this.#response) this.#parts.broke();
    else this.local(503, why, "upstream_reset_before_response_started");
  }
}
