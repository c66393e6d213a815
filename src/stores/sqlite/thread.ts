import { Worker } from "node:worker_threads";
import type { Logger } from "../../step.ts";
import type { CallRecord, NewRecord } from "../records.ts";
import { type Deferred, defer } from "./deferred.ts";
import { FileFailure } from "./failure.ts";
import { type Operation, writeOperation } from "./ledger-wire.ts";
import type { FromThread, Opening, Part, Restored, Retain, ToThread } from "./messages.ts";
import { Outbox } from "./outbox.ts";
import { writeRecord } from "./record-wire.ts";

const closed = "the database is closed";
/** Milliseconds that settlements and records wait for a reservation to go along with: waking the thread costs more than all else. */
const linger = 5;

/** The main thread's side of the database: gathers what a tick brings, sends it at the tick's end, and tells who waits what became of it. */
export class DatabaseThread {
  readonly #opened = defer<Restored>();
  readonly #closed = defer<void>();
  readonly #lists = new Map<number, Deferred<readonly CallRecord[]>>();
  readonly #outboxes: Readonly<Record<Part, Outbox>> = {
    // Some tens of thousands of operations, and of records.
    ledger: new Outbox({ values: 500_000, width: 0 }),
    records: new Outbox({ values: 1_000_000, width: 64_000_000 }),
  };
  readonly #failing = new Set<Part>();
  readonly #worker: Worker;
  readonly #path: string;
  readonly #log: Logger;
  #number = 0;
  #urgent = false;
  #lingering: NodeJS.Timeout | undefined;
  #closing = false;
  /** Why nothing more can be done. */
  #ended: string | undefined;

  constructor(opening: Opening, module: URL, log: Logger) {
    this.#path = opening.path;
    this.#log = log;
    // Options of the process (`--input-type`, inspectors) are not for the thread.
    this.#worker = new Worker(module, { name: "postern-sqlite", workerData: opening, execArgv: [] });
    this.#worker.on("message", (message: FromThread) => this.#receive(message));
    this.#worker.on("error", (cause) => this.#end(cause.name));
    // Only then are all locks released.
    this.#worker.on("exit", () => this.#exited());
  }

  /** What the process before left; rejects with what is wrong with the file. */
  get opened(): Promise<Restored> {
    return this.#opened.promise;
  }

  /** Resolves once it is on file. */
  async append(operation: Operation): Promise<void> {
    this.#check();
    const written = this.#outboxes.ledger.add(0, (to) => writeOperation(to, operation));
    // A call waits for its reservation alone.
    if (operation.kind === "reserve") this.#hurry();
    else this.#wait();
    await written;
  }

  async write(records: readonly NewRecord[]): Promise<void> {
    this.#check();
    const width = records.reduce((sum, { request, answer }) => sum + (request?.length ?? 0) + (answer?.length ?? 0), 0);
    const written = this.#outboxes.records.add(width, (to) => {
      for (const record of records) writeRecord(to, record);
    });
    this.#wait();
    await written;
  }

  async list(limit: number): Promise<readonly CallRecord[]> {
    this.#check();
    this.#flush();
    const listed = defer<readonly CallRecord[]>();
    const number = ++this.#number;
    this.#lists.set(number, listed);
    this.#post({ kind: "list", number, limit });
    return listed.promise;
  }

  retain(request: Omit<Retain, "kind">): void {
    if (this.#ended === undefined && !this.#closing) this.#worker.postMessage({ kind: "retain", ...request });
  }

  /** Resolves when all that was asked for is written and the file is closed. */
  async close(): Promise<void> {
    if (this.#ended === undefined && !this.#closing) {
      this.#flush();
      this.#closing = true;
      this.#post({ kind: "close" });
    }
    await this.#closed.promise;
  }

  #check(): void {
    if (this.#ended !== undefined || this.#closing) throw new FileFailure(`${this.#path}: ${this.#ended ?? closed}`);
  }

  /** After the sockets that are ready now were read: what all their calls need goes together. */
  #hurry(): void {
    if (this.#urgent) return;
    this.#urgent = true;
    setImmediate(() => this.#flush());
  }

  #wait(): void {
    this.#lingering ??= setTimeout(() => this.#flush(), linger);
  }

  #flush(): void {
    this.#urgent = false;
    clearTimeout(this.#lingering);
    this.#lingering = undefined;
    const number = ++this.#number;
    const ledger = this.#outboxes.ledger.take(number);
    const records = this.#outboxes.records.take(number);
    if (ledger.length + records.length > 0) this.#post({ kind: "batch", number, ledger, records });
  }

  /** What is not answered yet keeps the process alive, as a file being written would. */
  #post(message: ToThread): void {
    this.#worker.ref();
    this.#worker.postMessage(message);
  }

  #receive(message: FromThread): void {
    if (message.kind === "written" || message.kind === "lost") this.#answered(message);
    else if (message.kind === "listed") this.#listed(message.number)?.resolve(message.records);
    else if (message.kind === "unlisted") this.#listed(message.number)?.reject(new FileFailure(message.reason));
    else if (message.kind === "opened") this.#opened.resolve(message.restored);
    else this.#end(message.reason);
    const { ledger, records } = this.#outboxes;
    if (ledger.empty && records.empty && this.#lists.size === 0 && !this.#closing) this.#worker.unref();
  }

  #listed(number: number): Deferred<readonly CallRecord[]> | undefined {
    const listed = this.#lists.get(number);
    this.#lists.delete(number);
    return listed;
  }

  #answered(message: Extract<FromThread, { readonly part: Part }>): void {
    const { part, number } = message;
    if (message.kind === "written") {
      this.#failing.delete(part);
      this.#outboxes[part].answer(number, undefined);
      return;
    }
    const { reason } = message;
    if (!this.#failing.has(part)) this.#log.error({ store: part, reason }, "a store cannot be written");
    this.#failing.add(part);
    this.#outboxes[part].answer(number, new FileFailure(`the ${part} could not be written: ${reason}`));
  }

  #exited(): void {
    this.#end(closed);
    this.#closed.resolve();
  }

  #end(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    const failure = new FileFailure(`${this.#path}: ${reason}`);
    if (!this.#closing) this.#log.error({ store: this.#path, reason }, "a database cannot be used");
    for (const outbox of Object.values(this.#outboxes)) outbox.fail(failure);
    for (const list of this.#lists.values()) list.reject(failure);
    this.#opened.reject(failure);
  }
}
