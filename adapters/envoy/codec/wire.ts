/** What the messages of external processing need of the wire format of protocol buffers, and no more. */
export const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** The bytes are not a message. */
export class Malformed extends Error {
  override readonly name = "Malformed";
}
