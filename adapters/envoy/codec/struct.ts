import type { Writer } from "./writer.ts";

/** A `google.protobuf.Struct`. */
export interface Struct {
  readonly [name: string]: string | number | Struct;
}

/** Writes a struct's fields, the last one first. */
export function writeStruct(writer: Writer, struct: Struct): void {
  for (const [name, value] of Object.entries(struct).reverse()) {
    writer.message(1, () => {
      writer.message(2, () => {
        if (typeof value === "number") writer.double(2, value);
        else if (typeof value === "string") writer.utf8(3, value);
        else writer.message(5, () => writeStruct(writer, value));
      });
      writer.utf8(1, name);
    });
  }
}
