import type { Headers, Message, Part, Protocol, Side } from "./messages.ts";
import { Reader } from "./reader.ts";

const parts: Readonly<Record<number, readonly [Part["part"], Side]>> = {
  2: ["headers", "request"],
  3: ["headers", "response"],
  4: ["body", "request"],
  5: ["body", "response"],
  6: ["trailers", "request"],
  7: ["trailers", "response"],
};

/** @throws Malformed */
export function decode(bytes: Buffer): Message {
  let part: Part | undefined;
  let observed = false;
  let protocol: Protocol | undefined;
  let attributes: Record<string, string> = {};
  const reader = new Reader(bytes);
  while (reader.next()) {
    const known = parts[reader.field];
    if (known !== undefined) part = readPart(known, reader.message());
    else if (reader.field === 9) attributes = { ...attributes, ...readAttributes(reader.message()) };
    else if (reader.field === 10) observed = reader.bool();
    else if (reader.field === 11) protocol = readProtocol(reader.message());
    else reader.skip();
  }
  return { part, observed, protocol, attributes };
}

function readPart([part, side]: readonly [Part["part"], Side], reader: Reader): Part {
  if (part === "headers") return { part, side, ...readHttpHeaders(reader) };
  if (part === "body") return { part, side, ...readBody(reader) };
  return { part, side, headers: readHttpHeaders(reader).headers };
}

/** `HttpHeaders`; `HttpTrailers` is the same without an end. */
function readHttpHeaders(reader: Reader): { headers: Headers; last: boolean } {
  let headers: Headers = [];
  let last = false;
  while (reader.next()) {
    if (reader.field === 1) headers = readHeaderMap(reader.message());
    else if (reader.field === 3) last = reader.bool();
    else reader.skip();
  }
  return { headers, last };
}

function readHeaderMap(reader: Reader): Headers {
  const headers: (readonly [string, string])[] = [];
  while (reader.next()) {
    if (reader.field === 1) headers.push(readHeader(reader.message()));
    else reader.skip();
  }
  return headers;
}

/** Envoy fills `raw_value`; `value` is what very old ones had. */
function readHeader(reader: Reader): readonly [string, string] {
  let name = "";
  let value = "";
  let raw = "";
  while (reader.next()) {
    if (reader.field === 1) name = reader.latin1();
    else if (reader.field === 2) value = reader.latin1();
    else if (reader.field === 3) raw = reader.latin1();
    else reader.skip();
  }
  return [name, raw === "" ? value : raw];
}

function readBody(reader: Reader): { bytes: Uint8Array; last: boolean } {
  let bytes: Uint8Array = noBytes;
  let last = false;
  while (reader.next()) {
    if (reader.field === 1) bytes = reader.bytes();
    else if (reader.field === 2) last = reader.bool();
    else reader.skip();
  }
  return { bytes, last };
}

const noBytes = new Uint8Array(0);

function readProtocol(reader: Reader): Protocol {
  let requestBody = 0;
  let responseBody = 0;
  while (reader.next()) {
    if (reader.field === 1) requestBody = reader.number();
    else if (reader.field === 2) responseBody = reader.number();
    else reader.skip();
  }
  return { requestBody, responseBody };
}

/** An entry of `map<string, Struct>`: of the struct its texts. */
function readAttributes(entry: Reader): Record<string, string> {
  const attributes: Record<string, string> = {};
  while (entry.next()) {
    if (entry.field !== 2) {
      entry.skip();
      continue;
    }
    const struct = entry.message();
    while (struct.next()) {
      if (struct.field === 1) readText(struct.message(), attributes);
      else struct.skip();
    }
  }
  return attributes;
}

function readText(entry: Reader, into: Record<string, string>): void {
  let name = "";
  let text: string | undefined;
  while (entry.next()) {
    if (entry.field === 1) name = entry.utf8();
    else if (entry.field === 2) {
      const value = entry.message();
      while (value.next()) {
        if (value.field === 3) text = value.utf8();
        else value.skip();
      }
    } else entry.skip();
  }
  if (text !== undefined && name !== "__proto__") into[name] = text;
}
