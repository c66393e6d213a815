import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Onward } from "./bodies.ts";
import { type Fields, without } from "./fields.ts";
import type { Settings } from "./setup.ts";

const hopByHop = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];

/** Node's raw headers as fields, without those that belong to one connection. */
export function fieldsOf(raw: readonly string[]): Fields {
  const fields: [string, string][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? "").toLowerCase();
    if (!hopByHop.includes(name)) fields.push([name, raw[at + 1] ?? ""]);
  }
  return fields;
}

/** `normalize_path` and `merge_slashes`. */
function normalPath(target: string): string {
  const [path = "/", ...query] = target.split("?");
  const merged = path.replace(/\/{2,}/g, "/");
  const normal = new URL(merged.startsWith("/") ? `http://any${merged}` : "http://any/").pathname;
  return [normal.replace(/\/{2,}/g, "/"), ...query].join("?");
}

/** What a caller sends, as the filters see it: a header that chooses a route cannot be forged. */
export function requestFields(request: IncomingMessage, { routes }: Settings): Fields {
  const chosen = routes.flatMap(({ header }) => header?.[0] ?? []);
  const id = request.headers["x-request-id"] === undefined ? [["x-request-id", randomUUID()] as const] : [];
  return [
    [":authority", request.headers.host ?? ""],
    [":path", normalPath(request.url ?? "/")],
    [":method", request.method ?? ""],
    [":scheme", "http"],
    ...without(fieldsOf(request.rawHeaders), "host", ...chosen),
    ["x-forwarded-proto", "http"],
    ...id,
  ];
}

/** The caller's request, into the filter; a body of no bytes has its end on the headers. */
export function read(
  request: IncomingMessage,
  fields: Fields,
  settings: Settings,
  to: Onward,
  activity: () => void,
): void {
  const { "content-length": length = "0", "transfer-encoding": chunked } = request.headers;
  const bodyless = length === "0" && chunked === undefined;
  to.headers(fields, bodyless);
  request.on("error", () => {});
  if (bodyless) return void request.resume();
  request.on("data", (bytes: Buffer) => {
    activity();
    to.data(bytes);
  });
  request.on("end", () => {
    const trailers = settings.trailers ? fieldsOf(request.rawTrailers) : [];
    to.end(trailers.length > 0 ? trailers : undefined);
  });
}
