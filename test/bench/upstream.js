/** A scripted provider over bare sockets: it has to cost little, since it shares a core with the load. Reports what it saw. */
import { createServer } from "node:net";
import { eventsFor, identifiers, variants } from "./traffic.js";
import { wires } from "./wires.js";

const headers = (fields) =>
  Buffer.from(
    `HTTP/1.1 200 OK\r\ndate: Tue, 24 Nov 2026 12:00:00 GMT\r\nx-request-id: req_bench\r\nopenai-processing-ms: 12\r\nopenai-version: 2020-10-01\r\nx-ratelimit-remaining-requests: 9999\r\n${fields}\r\n\r\n`,
  );
const wholeOf = ({ body }) => {
  const bytes = body();
  return Buffer.concat([headers(`content-type: application/json\r\ncontent-length: ${bytes.length}`), bytes]);
};
const whole = { openai: wholeOf(wires.openai), anthropic: wholeOf(wires.anthropic) };
const streamHead = headers("content-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked");
const lastChunk = Buffer.from("0\r\n\r\n");
const scripts = new Map();

function chunksOf(wire, events) {
  const key = `${wire} ${events}`;
  const known = scripts.get(key);
  if (known !== undefined) return known;
  const chunk = (event) => Buffer.concat([Buffer.from(`${event.length.toString(16)}\r\n`), event, Buffer.from("\r\n")]);
  const chunks = [...wires[wire].events(events).map(chunk), lastChunk];
  scripts.set(key, chunks);
  return chunks;
}

/** Every value that must not arrive here from a gateway that hides it. */
const personal = Array.from({ length: variants }, (_, variant) => Object.values(identifiers(variant))).flat();
const seen = { requests: 0, messages: 0, sampled: 0, inTheClear: 0, hidden: 0 };

/** Every hundredth request is read: does it hold a caller's values, or their placeholders? */
function inspect(request) {
  if (seen.requests++ % 100 !== 0) return;
  seen.sampled++;
  const text = request.toString("latin1");
  if (personal.some((value) => text.includes(value))) seen.inTheClear++;
  else if (
    ["[EMAIL_1]", "[PHONE_1]", "[IBAN_1]", "[CREDIT_CARD_1]", "[IP_ADDRESS_1]"].every((one) => text.includes(one))
  )
    seen.hidden++;
}

function stream(socket, chunks) {
  let next = 0;
  socket.write(streamHead);
  const step = () => {
    if (socket.destroyed) return;
    socket.write(chunks[next++]);
    if (next < chunks.length) setImmediate(step);
  };
  setImmediate(step);
}

function answer(socket, request, wire) {
  inspect(request);
  if (wire === "anthropic") seen.messages++;
  const head = request.toString("latin1", 0, 200);
  if (head.includes('"stream":true')) stream(socket, chunksOf(wire, eventsFor(head)));
  else socket.write(whole[wire]);
}

const server = createServer({ noDelay: true }, (socket) => {
  let pending = [];
  let wanted = -1;
  let held = 0;
  let wire = "openai";
  const take = (all, end) => {
    const rest = all.subarray(end);
    pending = [];
    held = 0;
    wanted = -1;
    if (rest.length > 0) receive(rest);
  };
  const receive = (bytes) => {
    pending.push(bytes);
    held += bytes.length;
    if (wanted < 0) {
      const all = pending.length === 1 ? bytes : Buffer.concat(pending);
      const end = all.indexOf("\r\n\r\n");
      if (end < 0) return;
      const head = all.toString("latin1", 0, end);
      const length = /content-length: *(\d+)/i.exec(head);
      wire = head.startsWith(`POST ${wires.anthropic.path}`) ? "anthropic" : "openai";
      if (length === null) throw new Error("requests have to carry their length");
      pending = [all.subarray(end + 4)];
      held = all.length - end - 4;
      wanted = Number(length[1]);
    }
    if (held < wanted) return;
    const all = pending.length === 1 ? pending[0] : Buffer.concat(pending);
    answer(socket, all.subarray(0, wanted), wire);
    take(all, wanted);
  };
  socket.on("data", receive);
  socket.on("error", () => {});
});
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
process.on("message", (message) => {
  if (message === "seen") {
    process.send({ ...seen });
    Object.assign(seen, { requests: 0, messages: 0, sampled: 0, inTheClear: 0, hidden: 0 });
  }
});
process.on("disconnect", () => process.exit());
