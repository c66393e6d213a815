import { Worker } from "node:worker_threads";
import type { Logger } from "../../step.ts";
import type { CallRecord } from "../records.ts";
import { type Deferred, defer } from "./deferred.ts";
import type { Value } from "./driver.ts";
import { FileFailure } from "./failure.ts";
import { type Operation, writeOperation } from "./ledger-wire.ts";
import type { FromThread, Opening, Part, Restored, Retain, ToThread } from "./messages.ts";
import { writeRecord } from "./record-wire.ts";

/** Values that may wait to be written. Beyond it the ledger refuses and records are dropped: what waits is memory. */
const longestQueue: Readonly<Record<Part, number>> = { ledger: 500_000, records: 1_000_000 };
/** The same for texts of records, in characters. */
const widestQueue = 64_000_000;

const closed = "the database is closed";

/** What one part has gathered in a tick, and who waits for it. */
interface Gathering {
  readonly values: Value[];
  readonly written: Deferred<void>;
  width: number;
}

interface Sent extends Gathering {
  readonly number: number;
}

/** The main thread's side of the database: gathers what a tick brings, sends it at the tick's end, and tells who waits what became of it. */
export class DatabaseThread {
  readonly #opened = defer<Restored>();
  readonly #closed = defer<void>();
  readonly #lists = new Map<number, Deferred<readonly CallRecord[]>>();
  readonly #gathering: Record<Part, Gathering | undefined> = { ledger: undefined, records: undefined };
  readonly #sent: Readonly<Record<Part, Sent[]>> = { ledger: [], records: [] };
  readonly #queued: Record<Part, number> = { ledger: 0, records: 0 };
  readonly #failing = new Set<Part>();
  readonly #worker: Worker;
  readonly #path: string;
  readonly #log: Logger;
  #width = 0;
  #number = 0;
  #scheduled = false;
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
    this.#worker.on("exit", () => this.#end(closed));
  }

  /** What the process before left; rejects with what is wrong with the file. */
  get opened(): Promise<Restored> {
    return this.#opened.promise;
  }

  /** Resolves once it is on file. */
  async append(operation: Operation): Promise<void> {
    const gathering = this.#gather("ledger");
    writeOperation(gathering.values, operation);
    await gathering.written.promise;
  }

  async write(records: readonly CallRecord[]): Promise<void> {
    const gathering = this.#gather("records");
    for (const record of records) {
      writeRecord(gathering.values, record);
      gathering.width += (record.request?.length ?? 0) + (record.answer?.length ?? 0);
    }
    await gathering.written.promise;
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
    if (this.#ended === undefined) this.#post({ kind: "retain", ...request });
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
    if (this.#ended !== undefined || this.#closing) {
      throw new FileFailure(`${this.#path}: ${this.#ended ?? closed}`);
    }
  }

  #gather(part: Part): Gathering {
    this.#check();
    const known = this.#gathering[part];
    if (known !== undefined) return known;
    if (this.#queued[part] > longestQueue[part] || (part === "records" && this.#width > widestQueue)) {
      throw new FileFailure(`the database does not keep up with the ${part}`);
    }
    const gathering = { values: [], written: defer<void>(), width: 0 };
    this.#gathering[part] = gathering;
    if (!this.#scheduled) {
      this.#scheduled = true;
      // After the sockets that are ready now were read: what all their calls need goes together.
      setImmediate(() => this.#flush());
    }
    return gathering;
  }

  #flush(): void {
    this.#scheduled = false;
    const { ledger, records } = this.#gathering;
    if (ledger === undefined && records === undefined) return;
    const number = ++this.#number;
    for (const part of ["ledger", "records"] as const) this.#move(part, number);
    this.#post({ kind: "batch", number, ledger: ledger?.values ?? [], records: records?.values ?? [] });
  }

  #move(part: Part, number: number): void {
    const gathering = this.#gathering[part];
    if (gathering === undefined) return;
    this.#gathering[part] = undefined;
    this.#sent[part].push({ ...gathering, number });
    this.#queued[part] += gathering.values.length;
    this.#width += gathering.width;
  }

  /** What is not written yet keeps the process alive, as an open file being written would. */
  #post(message: ToThread): void {
    this.#worker.ref();
    this.#worker.postMessage(message);
  }

  #receive(message: FromThread): void {
    if (message.kind === "written" || message.kind === "lost") this.#answered(message);
    else if (message.kind === "listed") this.#listed(message.number)?.resolve(message.records);
    else if (message.kind === "unlisted") this.#listed(message.number)?.reject(new FileFailure(message.reason));
    else if (message.kind === "opened") this.#opened.resolve(message.restored);
    else if (message.kind === "failed") this.#end(message.reason);
    else this.#end(closed);
    if (this.#idle) this.#worker.unref();
  }

  get #idle(): boolean {
    return this.#sent.ledger.length + this.#sent.records.length + this.#lists.size === 0 && !this.#closing;
  }

  #listed(number: number): Deferred<readonly CallRecord[]> | undefined {
    const listed = this.#lists.get(number);
    this.#lists.delete(number);
    return listed;
  }

  #answered({ part, number, ...answer }: Extract<FromThread, { readonly part: Part }>): void {
    const failure =
      answer.kind === "lost" ? new FileFailure(`the ${part} could not be written: ${answer.reason}`) : undefined;
    if (failure === undefined) this.#failing.delete(part);
    else if (!this.#failing.has(part)) {
      this.#failing.add(part);
      this.#log.error(
        { store: part, reason: answer.kind === "lost" ? answer.reason : "" },
        "a store cannot be written",
      );
    }
    const sent = this.#sent[part];
    const open = sent.findIndex((each) => each.number > number);
    for (const { values, width, written } of sent.splice(0, open < 0 ? sent.length : open)) {
      this.#queued[part] -= values.length;
      this.#width -= width;
      if (failure === undefined) written.resolve();
      else written.reject(failure);
    }
  }

  #end(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    const failure = new FileFailure(`${this.#path}: ${reason}`);
    if (!this.#closing) this.#log.error({ store: this.#path, reason }, "a database cannot be used");
    const gathered = [this.#gathering.ledger, this.#gathering.records, ...this.#sent.ledger, ...this.#sent.records];
    for (const each of gathered) each?.written.reject(failure);
    for (const list of this.#lists.values()) list.reject(failure);
    this.#opened.reject(failure);
    this.#closed.resolve();
  }
}
