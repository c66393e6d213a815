/** A keep-alive HTTP/1.1 client over a bare socket that costs a few microseconds a request. */
import { once } from "node:events";
import { connect } from "node:net";

const endOfHead = Buffer.from("\r\n\r\n");
/** The first text of every stream. */
const firstText = Buffer.from('"content":"Dear');

export function requestBytes(path, body, headers = "") {
  const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\nauthorization: Bearer psk_bench\r\nuser-agent: OpenAI/JS 6.49.0\r\naccept: application/json\r\nx-stainless-lang: js\r\nx-stainless-runtime: node\r\n${headers}content-length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

export async function openConnection(port) {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  return new Connection(socket);
}

class Connection {
  #socket;
  #finish;
  #fail;
  #pieces = [];
  #head = undefined;
  /** Bytes still to come; -1: chunked. */
  #left = 0;
  #tail = "";
  #first = 0;
  #keep = false;
  #startedAt = 0;

  constructor(socket) {
    this.#socket = socket;
    socket.on("data", (bytes) => this.#receive(bytes));
    socket.on("error", (cause) => this.#fail?.(cause));
    socket.on("close", () => this.#fail?.(new Error("the connection was closed")));
  }

  /** Resolves to milliseconds until the first text and until the end; `keep`: the head and the body too. */
  send(bytes, keep = false) {
    this.#pieces = [];
    this.#head = undefined;
    this.#tail = "";
    this.#first = 0;
    this.#keep = keep;
    this.#startedAt = performance.now();
    this.#socket.write(bytes);
    return new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
  }

  close() {
    this.#fail = undefined;
    this.#socket.destroy();
  }

  #receive(bytes) {
    let body = bytes;
    if (this.#head === undefined) {
      const all = this.#pieces.length === 0 ? bytes : Buffer.concat([...this.#pieces, bytes]);
      const end = all.indexOf(endOfHead);
      if (end < 0) {
        this.#pieces = [all];
        return;
      }
      this.#pieces = [];
      this.#head = all.toString("latin1", 0, end);
      const length = /content-length: *(\d+)/i.exec(this.#head);
      this.#left = length === null ? -1 : Number(length[1]);
      body = all.subarray(end + 4);
    }
    if (this.#keep) this.#pieces.push(body);
    if (this.#left >= 0) this.#left -= body.length;
    else
      this.#tail =
        body.length >= 5 ? body.toString("latin1", body.length - 5) : (this.#tail + body.toString("latin1")).slice(-5);
    if (this.#first === 0 && (this.#left >= 0 || body.includes(firstText))) this.#first = performance.now();
    if (this.#left === 0 || (this.#left < 0 && this.#tail === "0\r\n\r\n")) this.#end();
  }

  #end() {
    const now = performance.now();
    if (!this.#head.startsWith("HTTP/1.1 200")) {
      this.#fail(new Error(`not answered: ${this.#head.split("\r\n", 1)[0]}`));
      return;
    }
    const result = { first: this.#first - this.#startedAt, total: now - this.#startedAt };
    this.#finish(this.#keep ? { ...result, head: this.#head, body: this.#body() } : result);
  }

  #body() {
    const bytes = Buffer.concat(this.#pieces);
    if (/content-length/i.test(this.#head)) return bytes;
    const chunks = [];
    for (let at = 0; ; ) {
      const line = bytes.indexOf("\r\n", at);
      const size = Number.parseInt(bytes.toString("latin1", at, line), 16);
      if (size === 0) return Buffer.concat(chunks);
      chunks.push(bytes.subarray(line + 2, line + 2 + size));
      at = line + 2 + size + 2;
    }
  }
}
