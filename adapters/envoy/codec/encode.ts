import type { Chunk, HeaderChange, Headers, Response } from "./messages.ts";
import { writeStruct } from "./struct.ts";
import { Writer } from "./writer.ts";

/** Field numbers of `ProcessingResponse`; those of `ProcessingRequest` differ. */
const fields = {
  headers: { request: 1, response: 2 },
  body: { request: 3, response: 4 },
  trailers: { request: 5, response: 6 },
  immediate: 7,
  metadata: 8,
  mode: 9,
  streamed: 11,
} as const;

/** Envoy's `BodySendMode`; a mode that is not named again would become NONE. */
const buffered = 2;

type Of<Kind extends Response["kind"]> = Extract<Response, { readonly kind: Kind }>;

/** A `ProcessingResponse`. Header values have one character a byte. Fields are written last first. */
export function encode(response: Response): Buffer {
  const writer = new Writer(sizeOf(response));
  const { metadata, responseBody } = response;
  if (responseBody !== undefined) {
    writer.message(fields.mode, () => {
      writer.number(4, responseBody);
      writer.number(3, buffered);
    });
  }
  if (metadata !== undefined) writer.message(fields.metadata, () => writeStruct(writer, metadata));
  writeAnswer(writer, response);
  return writer.finish();
}

function writeAnswer(writer: Writer, response: Response): void {
  switch (response.kind) {
    case "headers":
    case "body":
      writer.message(fields[response.kind][response.side], () => {
        writer.message(1, () => writeCommon(writer, response));
      });
      break;
    case "trailers":
      writer.message(fields.trailers[response.side], () => writeChange(writer, 1, response.change));
      break;
    case "immediate":
      writer.message(fields.immediate, () => writeImmediate(writer, response));
      break;
    case "streamed_head":
      writer.message(fields.streamed, () => {
        writer.message(1, () => writeHeaderMap(writer, [[":status", String(response.status)], ...response.headers]));
      });
      break;
    case "streamed_chunk":
      writer.message(fields.streamed, () => {
        writer.message(2, () => writeChunk(writer, response.chunk));
      });
  }
}

function writeImmediate(writer: Writer, { status, headers, body, details }: Of<"immediate">): void {
  writer.latin1(5, details);
  writer.bytes(3, body);
  writeChange(writer, 2, { set: headers, remove: [] });
  writer.message(1, () => writer.number(1, status));
}

function writeCommon(writer: Writer, { change, body, chunk, clearRouteCache = false }: Of<"headers" | "body">): void {
  writer.bool(5, clearRouteCache);
  if (body !== undefined) writer.message(3, () => writer.bytes(1, body));
  else if (chunk !== undefined) writer.message(3, () => writer.message(3, () => writeChunk(writer, chunk)));
  if (change !== undefined) writeChange(writer, 2, change);
}

function writeChunk(writer: Writer, { bytes, last }: Chunk): void {
  writer.bool(2, last);
  writer.bytes(1, bytes);
}

function writeChange(writer: Writer, field: number, { set, remove }: HeaderChange): void {
  writer.message(field, () => {
    for (let index = remove.length - 1; index >= 0; index--) writer.latin1(2, remove[index] as string);
    for (let index = set.length - 1; index >= 0; index--) {
      writer.message(1, () => {
        // Envoy overwrites anyway; others read this.
        writer.number(3, overwrite);
        writeHeader(writer, set[index] as Headers[number]);
      });
    }
  });
}

const overwrite = 2;

function writeHeaderMap(writer: Writer, headers: Headers): void {
  writer.message(1, () => {
    for (let index = headers.length - 1; index >= 0; index--) writeHeader(writer, headers[index] as Headers[number]);
  });
}

/** Into `raw_value`: a header with nothing but `value` becomes empty. */
function writeHeader(writer: Writer, [name, value]: Headers[number]): void {
  writer.message(1, () => {
    writer.latin1(3, value);
    writer.latin1(1, name);
  });
}

/** Enough for nearly all; what it misses costs one copy. */
function sizeOf(response: Response): number {
  switch (response.kind) {
    case "streamed_chunk":
      return response.chunk.bytes.length + (response.metadata === undefined ? 32 : 512);
    case "immediate":
      return response.body.length + 1_024;
    case "headers":
    case "body":
      return ((response.body ?? response.chunk?.bytes)?.length ?? 0) + (response.change === undefined ? 64 : 2_048);
    default:
      return 1_024;
  }
}
