import type { Transform } from "node:stream";
import * as zlib from "node:zlib";
import { Refusal } from "../errors.ts";

/** Where decoded bytes go. `data` returning `false` asks for silence until `Decoder.resume`. */
export interface DecoderSink {
  data(bytes: Uint8Array): boolean;
  /** What `write` returned `false` for has room again. */
  drain(): void;
  end(): void;
  fail(refusal: Refusal): void;
}

export interface Decoder {
  /** `false` asks for silence until `DecoderSink.drain`. */
  write(bytes: Uint8Array): boolean;
  end(): void;
  /** Hands out what was written so far, then calls back instead of ending. */
  flush(after: () => void): void;
  resume(): void;
  destroy(): void;
}

type Opener = (first: number) => Transform & zlib.Zlib;

interface Zstd {
  readonly createZstdDecompress?: (options: object) => Transform & zlib.Zlib;
  readonly zstdDecompressSync?: (bytes: Uint8Array) => Uint8Array;
}
/** Node has it from 22.15 on. */
const { createZstdDecompress, zstdDecompressSync } = zlib as Zstd;

/** Node 22 takes a frame that is cut short for a whole one; what cannot be told from a whole answer is no answer. */
function zstdNoticesCuts(): boolean {
  const onlyMagic = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd);
  try {
    zstdDecompressSync?.(onlyMagic);
    return false;
  } catch {
    return true;
  }
}

/** RFC 1950 starts with compression method 8 and a window of at most 32 KB; servers send raw RFC 1951 under the same name. */
const isZlib = (first: number): boolean => (first & 0x0f) === 8 && first >> 4 <= 7;

/** Node's 16 KB would pause the socket for nearly every read of it, and undici resumes slowly: a quarter of the throughput. */
const buffers = { chunkSize: 16_384, highWaterMark: 65_536 };

const gunzip: Opener = () => zlib.createGunzip(buffers);
const openers: ReadonlyMap<string, Opener> = new Map<string, Opener>([
  ["gzip", gunzip],
  ["x-gzip", gunzip],
  ["deflate", (first) => (isZlib(first) ? zlib.createInflate(buffers) : zlib.createInflateRaw(buffers))],
  ["br", () => zlib.createBrotliDecompress(buffers)],
  ...(createZstdDecompress && zstdNoticesCuts() ? [["zstd", () => createZstdDecompress(buffers)] as const] : []),
]);

/**
 * Undoes one content-encoding as the bytes come; every piece that can be decoded is handed out at once, and memory is bounded by
 * back-pressure whatever the ratio. `undefined` for an encoding that is not known here, lists of several included.
 * Fails with `upstream_broken` where the input is cut short, with `upstream_invalid` where it is corrupt.
 */
export function createDecoder(encoding: string, to: DecoderSink): Decoder | undefined {
  const opener = openers.get(encoding.trim().toLowerCase());
  if (opener === undefined) return undefined;
  // Opened by the first byte, so that an answer without a body needs none.
  let stream: (Transform & zlib.Zlib) | undefined;

  return {
    write(bytes) {
      const first = bytes[0];
      if (first === undefined) return true;
      stream ??= connect(opener(first), to);
      return stream.write(bytes);
    },
    end() {
      if (stream === undefined) to.end();
      else stream.end();
    },
    flush(after) {
      if (stream === undefined || stream.destroyed) after();
      else stream.flush(after);
    },
    resume() {
      stream?.resume();
    },
    destroy() {
      stream?.destroy();
    },
  };
}

function connect<Stream extends Transform>(stream: Stream, to: DecoderSink): Stream {
  stream.on("data", (bytes: Uint8Array) => {
    if (!to.data(bytes)) stream.pause();
  });
  stream.on("drain", () => to.drain());
  stream.on("end", () => to.end());
  stream.on("error", (error: NodeJS.ErrnoException) => {
    to.fail(new Refusal(error.code === "Z_BUF_ERROR" ? "upstream_broken" : "upstream_invalid"));
  });
  return stream;
}
