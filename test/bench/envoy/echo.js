/** The cheapest processor that a team would write: grpc-js, messages by proto-loader, nothing looked at. */
import { fileURLToPath } from "node:url";
import { loadPackageDefinition, Server, ServerCredentials } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { Pool } from "undici";

const proto = fileURLToPath(new URL("../../doubles/protos/ext_proc.proto", import.meta.url));
const loaded = loadPackageDefinition(loadSync(proto, { keepCase: true, enums: Number, oneofs: true }));
const { service } = loaded.envoy.service.ext_proc.v3.ExternalProcessor;
const nothing = Buffer.alloc(0);
const header = (key, value) => ({ key, raw_value: Buffer.from(String(value)) });
const kept = new Set(["content-type", "authorization", "user-agent", "accept"]);

/** Whole answers as one message, streams as they come: what a provider says is what is said. */
function relayTo(pool, call, request, body) {
  let head;
  let pieces;
  const say = (response) => call.write({ streamed_immediate_response: response });
  const handler = {
    onConnect() {},
    onError: () => call.emit("error", { code: 14, details: "the provider is gone" }),
    onHeaders(status, raw) {
      head = [header(":status", status)];
      for (let index = 0; index < raw.length; index += 2) {
        const key = raw[index].toString("latin1").toLowerCase();
        if (key === "content-length") pieces = [];
        else if (key !== "transfer-encoding" && key !== "connection") head.push({ key, raw_value: raw[index + 1] });
      }
      if (pieces === undefined) say({ headers_response: { headers: { headers: head } } });
      return true;
    },
    onData(bytes) {
      if (pieces === undefined) say({ body_response: { body: bytes } });
      else pieces.push(bytes);
      return true;
    },
    onComplete() {
      if (pieces === undefined) say({ body_response: { body: nothing, end_of_stream: true } });
      else {
        const set_headers = head.slice(1).map((one) => ({ header: one, append_action: 2 }));
        call.write({
          immediate_response: { status: { code: 200 }, headers: { set_headers }, body: Buffer.concat(pieces) },
        });
      }
    },
  };
  const headers = { "content-length": String(body.length) };
  for (const { key, raw_value } of request) if (kept.has(key)) headers[key] = raw_value.toString("latin1");
  pool.dispatch({ path: "/v1/chat/completions", method: "POST", headers, body }, handler);
}

function terminate(origin) {
  const pool = new Pool(origin, { connections: 128 });
  return (call) => {
    let headers = [];
    const body = [];
    return (message) => {
      if (message.request_headers) headers = message.request_headers.headers.headers;
      if (message.request_body) body.push(message.request_body.body ?? nothing);
      if (message.request_body?.end_of_stream) relayTo(pool, call, headers, Buffer.concat(body));
      if (message.request_trailers) relayTo(pool, call, headers, Buffer.concat(body));
    };
  };
}

const route = { header: header("x-postern-route", "openai"), append_action: 2 };

function transform() {
  return (call) => (message) => {
    const { request_headers, request_body, response_headers, response_body, response_trailers } = message;
    if (request_headers) call.write({ request_headers: {} });
    if (response_headers) call.write({ response_headers: {} });
    if (response_trailers) call.write({ response_trailers: {} });
    if (request_body) {
      const body_mutation = { body: request_body.body };
      const header_mutation = { set_headers: [route] };
      call.write({ request_body: { response: { header_mutation, body_mutation, clear_route_cache: true } } });
    }
    if (response_body) {
      const { body, end_of_stream } = response_body;
      call.write({ response_body: { response: { body_mutation: { streamed_response: { body, end_of_stream } } } } });
    }
  };
}

const modes = { terminate, transform, tap: () => () => () => {} };

/** Resolves to the address. */
export function startEcho(mode, origin) {
  const open = modes[mode](origin);
  const server = new Server();
  server.addService(service, {
    Process(call) {
      call.on("data", open(call));
      call.on("end", () => call.end());
      call.on("error", () => {});
    },
  });
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
      if (error) reject(error);
      else resolve(`127.0.0.1:${port}`);
    });
  });
}
