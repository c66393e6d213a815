import { noBytes } from "../http.ts";
import type { Hold } from "./gauge.ts";

/** Pieces of a body as one array; a single piece is returned as it is. */
export function join(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 0) return noBytes;
  return pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces);
}

/** A piece costs an object of some hundred bytes, so many small ones are joined on the way. */
const mostPieces = 1_024;

/** Reads a body whole; each piece is counted in `hold` before it is kept. Once nobody wants it any more, it is read no further. */
export async function collect(
  body: AsyncIterable<Uint8Array>,
  hold: Hold,
  unwanted: () => boolean,
): Promise<Uint8Array> {
  const joined: Uint8Array[] = [];
  let pieces: Uint8Array[] = [];
  for await (const piece of body) {
    if (unwanted()) return noBytes;
    hold.add(piece.length);
    pieces.push(piece);
    if (pieces.length < mostPieces) continue;
    joined.push(join(pieces));
    pieces = [];
  }
  return join(joined.concat(pieces));
}
