import { type Deferred, defer } from "./deferred.ts";
import type { Value } from "./driver.ts";
import { FileFailure } from "./failure.ts";

/** How much may wait to be written: what waits is memory. */
export interface Room {
  readonly values: number;
  /** Characters of texts. */
  readonly width: number;
}

/** What was gathered in one tick, and who waits for it: one promise for all, since they are written together. */
interface Gathering {
  readonly values: Value[];
  readonly written: Deferred<void>;
  width: number;
}

interface Sent extends Gathering {
  readonly number: number;
}

/** What waits to be sent to the thread, and what was sent and waits for its answer. */
export class Outbox {
  readonly #room: Room;
  readonly #sent: Sent[] = [];
  #gathering: Gathering | undefined;
  #values = 0;
  #width = 0;

  constructor(room: Room) {
    this.#room = room;
  }

  get empty(): boolean {
    return this.#gathering === undefined && this.#sent.length === 0;
  }

  /**
   * Adds what `write` writes, all of it or, where it throws, nothing; resolves once that is on file.
   * @throws FileFailure where too much waits already.
   */
  add(width: number, write: (to: Value[]) => void): Promise<void> {
    if (this.#values > this.#room.values || this.#width > this.#room.width) {
      throw new FileFailure("the database does not keep up with what is to be written");
    }
    this.#gathering ??= { values: [], written: defer<void>(), width: 0 };
    const { values, written } = this.#gathering;
    const { length } = values;
    try {
      write(values);
    } catch (cause) {
      values.length = length;
      throw cause;
    }
    this.#gathering.width += width;
    this.#width += width;
    this.#values += values.length - length;
    return written.promise;
  }

  /** What is to be sent, from now on under that number. */
  take(number: number): readonly Value[] {
    const gathering = this.#gathering;
    this.#gathering = undefined;
    // What was asked for may have been refused, or nothing.
    if (gathering === undefined || gathering.values.length === 0) {
      gathering?.written.resolve();
      return [];
    }
    this.#sent.push({ ...gathering, number });
    return gathering.values;
  }

  /** All that was sent up to that number is written, or never will be. */
  answer(number: number, failure: Error | undefined): void {
    const open = this.#sent.findIndex((each) => each.number > number);
    for (const { values, width, written } of this.#sent.splice(0, open < 0 ? this.#sent.length : open)) {
      this.#values -= values.length;
      this.#width -= width;
      if (failure === undefined) written.resolve();
      else written.reject(failure);
    }
  }

  /** Nothing will be written any more. */
  fail(failure: Error): void {
    this.#gathering?.written.reject(failure);
    this.#gathering = undefined;
    this.answer(Number.POSITIVE_INFINITY, failure);
  }
}
