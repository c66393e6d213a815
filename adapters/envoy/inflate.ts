import { createDecoder, type HeaderMap, Refusal } from "../../src/index.ts";

/** Undoes an answer's content-encoding message by message. */
export interface Inflate {
  /** What can be decoded after these bytes, or all that is left after the last ones. Rejects with a `Refusal`. */
  write(bytes: Uint8Array, last: boolean): Promise<readonly Uint8Array[]>;
  destroy(): void;
}

/**
 * `undefined` where nothing is encoded, `unknown` where it cannot be undone here.
 * @param most decoded bytes of the whole answer; more rejects as `answer_too_large`.
 */
export function createInflate(headers: HeaderMap, most: number): Inflate | undefined | "unknown" {
  const encoding = headers["content-encoding"] ?? "identity";
  if (typeof encoding !== "string") return "unknown";
  if (encoding === "" || encoding.toLowerCase() === "identity") return undefined;
  let pieces: Uint8Array[] = [];
  let total = 0;
  let ended = false;
  let failure: Refusal | undefined;
  let done = (): void => {};
  const fail = (refusal: Refusal): void => {
    failure ??= refusal;
    decoder?.destroy();
    done();
  };
  const decoder = createDecoder(encoding, {
    data(bytes) {
      total += bytes.length;
      if (total > most) fail(new Refusal("answer_too_large"));
      else pieces.push(bytes);
      return true;
    },
    drain() {},
    end() {
      ended = true;
      done();
    },
    fail,
  });
  if (decoder === undefined) return "unknown";

  const fed = (bytes: Uint8Array, last: boolean): Promise<void> =>
    new Promise((resolve) => {
      done = resolve;
      decoder.write(bytes);
      if (last) decoder.end();
      else decoder.flush(resolve);
    });

  return {
    async write(bytes, last) {
      // What follows the encoded body's own end is nothing.
      if (failure === undefined && !ended) await fed(bytes, last);
      if (failure !== undefined) throw failure;
      const decoded = pieces;
      pieces = [];
      return decoded;
    },
    destroy: () => decoder.destroy(),
  };
}
