import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { reasonOf } from "./failure.ts";
import { type File, openFile } from "./file.ts";
import { readOperations } from "./ledger-wire.ts";
import type { Batch, FromThread, List, Opening, Part, Retain, ToThread } from "./messages.ts";
import { type RecordRows, readRecords } from "./record-wire.ts";

/** Records written in one transaction: after it, reservations that have come meanwhile go first. */
const longestChunk = 64;
/** The same in characters of texts. */
const widestChunk = 1_000_000;
/** Milliseconds that records wait for others, since a transaction costs more than what is written in it; nobody waits for a record. */
const linger = 50;

/** Writes what has come and answers it: all calls of a tick in one transaction, and of several ticks where it was behind. */
class Service {
  readonly #port: MessagePort;
  readonly #file: File;
  #ledger: Batch[] = [];
  #records: RecordRows[] = [];
  /** The last batch that brought records. */
  #recordsNumber = 0;
  #lingering: NodeJS.Timeout | undefined;
  readonly #requests: Exclude<ToThread, Batch>[] = [];
  #retaining: Retain | undefined;
  #forgot = false;

  constructor(port: MessagePort, file: File) {
    this.#port = port;
    this.#file = file;
    port.on("message", (message: ToThread) => {
      this.#take(message);
      this.#work();
    });
  }

  #take(message: ToThread): void {
    if (message.kind !== "batch") this.#requests.push(message);
    else {
      if (message.ledger.length > 0) this.#ledger.push(message);
      if (message.records.length > 0) this.#keep(message);
    }
  }

  #receive(): void {
    for (;;) {
      const next = receiveMessageOnPort(this.#port) as { readonly message: ToThread } | undefined;
      if (next === undefined) return;
      this.#take(next.message);
    }
  }

  #keep({ number, records }: Batch): void {
    this.#records.push(...readRecords(records));
    this.#recordsNumber = number;
    this.#lingering ??= setTimeout(() => {
      this.#writeRecords();
      this.#work();
    }, linger);
  }

  #work(): void {
    this.#receive();
    this.#writeLedger();
    while (this.#records.length >= longestChunk || this.#records.length * this.#requests.length > 0)
      this.#writeRecords();
    // All that came before a request is written by now.
    for (const request of this.#requests.splice(0)) this.#serve(request);
  }

  #serve(request: Exclude<ToThread, Batch>): void {
    if (request.kind === "list") this.#list(request);
    else if (request.kind === "close") this.#close();
    else {
      this.#retaining = request;
      this.#forgot = false;
      setImmediate(() => this.#forget());
    }
  }

  #writeLedger(): void {
    const batches = this.#ledger;
    const last = batches.at(-1);
    if (last === undefined) return;
    this.#ledger = [];
    this.#answered("ledger", last.number, () => {
      this.#file.transaction(() => {
        this.#file.ledger.apply(batches.flatMap(({ ledger }) => readOperations(ledger)));
      });
    });
  }

  #writeRecords(): void {
    clearTimeout(this.#lingering);
    this.#lingering = undefined;
    const rows = this.#records;
    if (rows.length === 0) return;
    this.#records = [];
    this.#answered("records", this.#recordsNumber, () => {
      for (const chunk of chunksOf(rows)) {
        this.#file.transaction(() => this.#file.records.write(chunk));
        this.#receive();
        this.#writeLedger();
      }
    });
  }

  #answered(part: Part, number: number, action: () => void): void {
    try {
      action();
      this.#answer({ kind: "written", part, number });
    } catch (cause) {
      this.#answer({ kind: "lost", part, number, reason: reasonOf(cause) });
    }
  }

  #list({ number, limit }: List): void {
    try {
      this.#answer({ kind: "listed", number, records: this.#file.reader.newest(limit) });
    } catch (cause) {
      this.#answer({ kind: "unlisted", number, reason: reasonOf(cause) });
    }
  }

  /** One chunk at a time. What fails is tried again with the next retention; that a file takes nothing more is told by what is written. */
  #forget(): void {
    if (this.#retaining === undefined) return;
    try {
      if (this.#forgetSome(this.#retaining)) setImmediate(() => this.#forget());
      else if (this.#forgot) this.#file.truncate();
    } catch {
      this.#retaining = undefined;
    }
  }

  #forgetSome({ recordsBefore, ledgerBefore }: Retain): boolean {
    let more = false;
    this.#file.transaction(() => {
      more = this.#file.records.forget(recordsBefore);
      more = this.#file.ledger.forget(ledgerBefore) || more;
    });
    this.#forgot ||= more;
    return more;
  }

  #close(): void {
    this.#retaining = undefined;
    this.#file.close();
    this.#port.close();
  }

  #answer(message: FromThread): void {
    this.#port.postMessage(message);
  }
}

function* chunksOf(rows: readonly RecordRows[]): Generator<readonly RecordRows[]> {
  let chunk: RecordRows[] = [];
  let width = 0;
  for (const row of rows) {
    chunk.push(row);
    width += String(row.request ?? "").length + String(row.answer ?? "").length;
    if (chunk.length < longestChunk && width < widestChunk) continue;
    yield chunk;
    chunk = [];
    width = 0;
  }
  if (chunk.length > 0) yield chunk;
}

function start(port: MessagePort, opening: Opening): void {
  try {
    const file = openFile(opening);
    new Service(port, file);
    port.postMessage({ kind: "opened", restored: opening.exclusive ? file.ledger.restore(opening.now) : nothing });
  } catch (cause) {
    port.postMessage({ kind: "failed", reason: reasonOf(cause) } satisfies FromThread);
    port.close();
  }
}

const nothing = { balances: [], holds: [] };

if (parentPort !== null) start(parentPort, workerData as Opening);
