/** Bytes held before the sender is asked to wait. */
const enough = 4 * 1_048_576;

/** A request's body, pushed piece by piece and read by the engine, once. */
export class Upload implements AsyncIterable<Uint8Array> {
  readonly #pace: { pause(): void; resume(): void };
  #pieces: Uint8Array[] = [];
  #held = 0;
  #paused = false;
  #ended = false;
  /** Nobody reads any more. */
  #dropped = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  /** @param pace asked to pause while much is held that the engine has not taken yet. */
  constructor(pace: { pause(): void; resume(): void }) {
    this.#pace = pace;
  }

  push(bytes: Uint8Array): void {
    if (this.#dropped || this.#ended || bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#held += bytes.length;
    if (this.#held > enough && !this.#paused) {
      this.#paused = true;
      this.#pace.pause();
    }
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** What is whole stays so. */
  fail(cause: Error): void {
    if (this.#ended) return;
    this.#failure ??= cause;
    this.#wake?.();
  }

  /** What came and what comes is not wanted. */
  drop(): void {
    this.#dropped = true;
    this.#take();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    try {
      for (;;) {
        if (this.#failure !== undefined) throw this.#failure;
        if (this.#pieces.length > 0) yield* this.#take();
        else if (this.#ended) return;
        else await this.#more();
      }
    } finally {
      this.drop();
    }
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #take(): readonly Uint8Array[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#held = 0;
    if (this.#paused) {
      this.#paused = false;
      this.#pace.resume();
    }
    return pieces;
  }
}
