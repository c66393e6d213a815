/** What Postern is measured against. Both relays use undici the cheapest way: `dispatch`, bytes pushed. */
import { Pool } from "undici";

const hop = new Set([
  "connection",
  "content-length",
  "host",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

function forwarded(headers, length) {
  const kept = { "content-length": length };
  for (const name in headers) if (!hop.has(name)) kept[name] = headers[name];
  return kept;
}

function answerHeaders(raw) {
  const headers = {};
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index].toString("latin1").toLowerCase();
    if (!hop.has(name)) headers[name] = raw[index + 1].toString("latin1");
  }
  return headers;
}

const passed = { onConnect() {}, onError() {} };

/** Bytes in, bytes out: nothing is looked at. */
export function bareRelay(origin) {
  const pool = new Pool(origin, { connections: 128 });
  return (request, response) => {
    const options = {
      path: request.url,
      method: request.method,
      headers: forwarded(request.headers, request.headers["content-length"]),
      body: request,
    };
    const handler = {
      ...passed,
      onError: () => response.destroy(),
      onHeaders(status, raw, resume) {
        response.on("drain", resume);
        response.writeHead(status, answerHeaders(raw));
        return true;
      },
      onData: (bytes) => response.write(bytes),
      onComplete: () => response.end(),
    };
    pool.dispatch(options, handler);
  };
}

/** Calls back with every event's lines; events are cut anywhere. */
function createSseReader(onEvent) {
  const decoder = new TextDecoder();
  let text = "";
  let data = [];
  return (bytes) => {
    text += decoder.decode(bytes, { stream: true });
    let start = 0;
    for (let end = text.indexOf("\n", start); end >= 0; end = text.indexOf("\n", start)) {
      const line = text.slice(start, text[end - 1] === "\r" ? end - 1 : end);
      start = end + 1;
      if (line.startsWith("data:")) data.push(line.slice(line[5] === " " ? 6 : 5));
      else if (line === "" && data.length > 0) {
        onEvent(data.join("\n"));
        data = [];
      }
    }
    text = text.slice(start);
  };
}

/** The least that a gateway does which reads what passes: `JSON.parse` and `JSON.stringify` of both bodies and of every event. */
export function parsingRelay(origin) {
  const pool = new Pool(origin, { connections: 128 });
  const rewritten = (text) => JSON.stringify(JSON.parse(text));

  const answerTo = (response) => {
    let pieces = [];
    let read;
    return {
      ...passed,
      onError: () => response.destroy(),
      onHeaders(status, raw, resume) {
        const headers = answerHeaders(raw);
        response.on("drain", resume);
        if (headers["content-type"]?.startsWith("text/event-stream")) {
          response.writeHead(status, headers);
          read = createSseReader((data) => response.write(`data: ${data === "[DONE]" ? data : rewritten(data)}\n\n`));
        } else {
          pieces = [];
          response.statusCode = status;
          for (const name in headers) response.setHeader(name, headers[name]);
        }
        return true;
      },
      onData(bytes) {
        if (read === undefined) pieces.push(bytes);
        else read(bytes);
        return !response.writableNeedDrain;
      },
      onComplete() {
        if (read !== undefined) return response.end();
        const body = Buffer.from(rewritten(Buffer.concat(pieces).toString()));
        response.setHeader("content-length", body.length);
        response.end(body);
      },
    };
  };
  return (request, response) => {
    const pieces = [];
    request.on("data", (bytes) => pieces.push(bytes));
    request.on("end", () => {
      const body = Buffer.from(rewritten(Buffer.concat(pieces).toString()));
      const headers = forwarded(request.headers, body.length);
      pool.dispatch({ path: request.url, method: request.method, headers, body }, answerTo(response));
    });
  };
}
