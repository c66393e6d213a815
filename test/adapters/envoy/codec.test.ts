import fc from "fast-check";
import { decode } from "../../../adapters/envoy/codec/decode.ts";
import { encode } from "../../../adapters/envoy/codec/encode.ts";
import { decodeHealthCheck, encodeHealth } from "../../../adapters/envoy/codec/health.ts";
import type { Headers, Part, Response } from "../../../adapters/envoy/codec/messages.ts";
import type { Struct } from "../../../adapters/envoy/codec/struct.ts";
import { Malformed } from "../../../adapters/envoy/codec/wire.ts";
import { ProcessingRequest, ProcessingResponse } from "./client.ts";

const latin1 = (value: string): Buffer => Buffer.from(value, "latin1");
const plain = (message: object): unknown =>
  ProcessingResponse.toObject(message as never, { bytes: String, oneofs: true, defaults: true });

const name = fc.stringMatching(/^[a-z0-9_:-]{1,40}$/);
const value = fc.string({
  unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
  maxLength: 300,
});
const headers: fc.Arbitrary<Headers> = fc.array(fc.tuple(name, value), { maxLength: 8 });
const long = [128, 16_384, 70_000].map((length) => new Uint8Array(length).fill(7));
const bytes = fc.oneof(
  { arbitrary: fc.uint8Array({ maxLength: 60 }), weight: 4 },
  { arbitrary: fc.constantFrom(...long), weight: 1 },
);
const side = fc.constantFrom("request" as const, "response" as const);

const mapOf = (list: Headers): object => ({ headers: list.map(([key, text]) => ({ key, rawValue: latin1(text) })) });

const part = fc.oneof(
  fc.record({ part: fc.constant("headers" as const), side, headers, last: fc.boolean() }),
  fc.record({ part: fc.constant("body" as const), side, bytes, last: fc.boolean() }),
  fc.record({ part: fc.constant("trailers" as const), side, headers }),
);
/** Bytes are compared as text: a long array is compared slowly. */
const comparable = (message: { readonly part: Part | undefined }): object => ({
  ...message,
  part: {
    ...message.part,
    ...(message.part?.part === "body" && { bytes: Buffer.from(message.part.bytes).toString("latin1") }),
  },
});
type AnyPart = typeof part extends fc.Arbitrary<infer T> ? T : never;

function requestOf(message: AnyPart): object {
  if (message.part === "headers")
    return { [`${message.side}Headers`]: { headers: mapOf(message.headers), endOfStream: message.last } };
  if (message.part === "body") return { [`${message.side}Body`]: { body: message.bytes, endOfStream: message.last } };
  return { [`${message.side}Trailers`]: { trailers: mapOf(message.headers) } };
}

const attributes = fc.dictionary(
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 }).filter((text) => text !== "__proto__"),
  fc.string({ unit: "grapheme", maxLength: 60 }),
  { maxKeys: 5 },
);
const structOf = (texts: Readonly<Record<string, string>>): object => ({
  fields: {
    ...Object.fromEntries(Object.entries(texts).map(([key, stringValue]) => [key, { stringValue }])),
    " a number": { numberValue: 7 },
  },
});

describe("what Envoy sends", () => {
  it("is read as protobufjs has written it", () => {
    const protocol = fc.record({ requestBody: fc.nat(5), responseBody: fc.nat(5) });
    const message = fc.record({
      part,
      observed: fc.boolean(),
      protocol: fc.option(protocol, { nil: undefined }),
      attributes,
    });
    fc.assert(
      fc.property(message, (expected) => {
        const written = ProcessingRequest.encode(
          ProcessingRequest.fromObject({
            ...requestOf(expected.part),
            observabilityMode: expected.observed,
            attributes: { "envoy.filters.http.ext_proc": structOf(expected.attributes) },
            metadataContext: { filterMetadata: { other: structOf({ not: "ours" }) } },
            ...(expected.protocol && {
              protocolConfig: {
                requestBodyMode: expected.protocol.requestBody,
                responseBodyMode: expected.protocol.responseBody,
                sendBodyWithoutWaitingForHeaderResponse: true,
              },
            }),
          }),
        ).finish();
        const read = decode(Buffer.from(written));
        expect(comparable(read)).toEqual(comparable(expected));
      }),
      { numRuns: 300 },
    );
  });

  it("is read from `value` where `raw_value` is empty", () => {
    const request = { requestHeaders: { headers: { headers: [{ key: ":path", value: "/é" }] } } };
    const { part: read } = decode(
      Buffer.from(ProcessingRequest.encode(ProcessingRequest.fromObject(request)).finish()),
    );
    expect(read).toMatchObject({ headers: [[":path", Buffer.from("/é").toString("latin1")]] });
  });

  it("has no part where all its fields are unknown, of whatever type", () => {
    const unknown = Buffer.concat([
      Buffer.from([0x60, 0x96, 0x01]), // 12: varint
      Buffer.from([0x6a, 0x02, 0x08, 0x01]), // 13: bytes
      Buffer.from([0xf1, 0x03, 1, 2, 3, 4, 5, 6, 7, 8]), // 62: eight bytes
      Buffer.from([0xf5, 0x03, 1, 2, 3, 4]), // 62: four bytes
    ]);
    expect(decode(unknown)).toEqual({ part: undefined, observed: false, protocol: undefined, attributes: {} });
    const known = ProcessingRequest.encode(
      ProcessingRequest.fromObject({ requestBody: { endOfStream: true } }),
    ).finish();
    expect(decode(Buffer.concat([unknown, known, unknown])).part).toMatchObject({ part: "body", last: true });
  });

  it("is Malformed or a message, whatever the bytes are", () => {
    const damaged = fc
      .tuple(part, fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 6 }), fc.nat(500))
      .map(([message, changes, length]) => {
        const written = Buffer.from(
          ProcessingRequest.encode(ProcessingRequest.fromObject(requestOf(message))).finish(),
        );
        for (const [at, byte] of changes) if (at < written.length) written[at] = byte;
        return new Uint8Array(written.subarray(0, length));
      });
    let refused = 0;
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged), (noise) => {
        try {
          decode(Buffer.from(noise));
        } catch (cause) {
          expect(cause).toBeInstanceOf(Malformed);
          refused++;
        }
      }),
      { numRuns: 2_000 },
    );
    expect(refused).toBeGreaterThan(100);
  });

  it.each([
    ["a field that is cut short", [0x22, 0x7f, 0x00]],
    ["a length beyond everything", [0x22, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ["a number without end", [0x50, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ["a number that is cut short", [0x50, 0xff]],
    ["a group", [0x63, 0x64]],
    ["the field 0", [0x00, 0x00]],
    ["a known field of another type", [0x10, 0x01]],
  ])("is Malformed: %s", (_what, noise) => {
    expect(() => decode(Buffer.from(noise))).toThrow(Malformed);
  });

  it("gives a body as a view, not as a copy", () => {
    const written = Buffer.from(
      ProcessingRequest.encode(ProcessingRequest.fromObject({ requestBody: { body: Buffer.alloc(1_000) } })).finish(),
    );
    const { part: read } = decode(written);
    expect(read?.part === "body" && read.bytes.buffer).toBe(written.buffer);
  });
});

const struct: fc.Arbitrary<Struct> = fc.letrec<{ struct: Struct }>((tie) => ({
  struct: fc.dictionary(
    fc.string({ unit: "grapheme", maxLength: 20 }).filter((text) => text !== "__proto__"),
    fc.oneof(
      { depthSize: "small" },
      fc.string({ unit: "grapheme", maxLength: 50 }),
      fc.double({ noNaN: true }).map((number) => (number === 0 ? 0 : number)),
      tie("struct"),
    ),
    { maxKeys: 4 },
  ),
})).struct;

const change = fc.record({ set: headers, remove: fc.array(name, { maxLength: 10 }) });
const chunk = fc.record({ bytes, last: fc.boolean() });
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const status = fc.integer({ min: 100, max: 999 });
const kind = fc.constantFrom("headers" as const, "body" as const);
const common = { kind, side, change: optional(change), clearRouteCache: fc.boolean() };

const answer: fc.Arbitrary<unknown> = fc.oneof(
  fc.record({ ...common }),
  fc.record({ ...common, body: bytes }),
  fc.record({ ...common, chunk }),
  fc.record({ kind: fc.constant("trailers"), side, change }),
  fc.record({ kind: fc.constant("immediate"), status, headers, body: bytes, details: name }),
  fc.record({ kind: fc.constant("streamed_head"), status, headers }),
  fc.record({ kind: fc.constant("streamed_chunk"), chunk }),
);
const response = fc
  .tuple(answer, optional(struct), optional(fc.integer({ min: 1, max: 4 })))
  .map(([said, metadata, responseBody]) => ({ ...(said as Response), metadata, responseBody }));

const valueFrom = (each: Struct[string]): object => {
  if (typeof each === "number") return { numberValue: each };
  return typeof each === "string" ? { stringValue: each } : { structValue: structFrom(each) };
};
const structFrom = (from: Struct): object => ({
  fields: Object.fromEntries(Object.entries(from).map(([key, each]) => [key, valueFrom(each)])),
});
const changeFrom = ({ set, remove }: { readonly set: Headers; readonly remove: readonly string[] }): object => ({
  setHeaders: set.map(([key, text]) => ({ header: { key, rawValue: latin1(text) }, appendAction: 2 })),
  removeHeaders: remove,
});
const chunkFrom = ({ bytes: content, last }: { readonly bytes: Uint8Array; readonly last: boolean }): object => ({
  body: Buffer.from(content),
  endOfStream: last,
});

/** What protobufjs has to find. */
function expectedOf(said: Response): object {
  const rest = {
    ...(said.metadata && { dynamicMetadata: structFrom(said.metadata) }),
    ...(said.responseBody !== undefined && {
      modeOverride: { requestBodyMode: 2, responseBodyMode: said.responseBody },
    }),
  };
  switch (said.kind) {
    case "headers":
    case "body": {
      const field = `${said.side}${said.kind === "headers" ? "Headers" : "Body"}`;
      const replaced = said.body && { body: Buffer.from(said.body) };
      const mutation = replaced ?? (said.chunk && { streamedResponse: chunkFrom(said.chunk) });
      const inner = {
        ...(said.change && { headerMutation: changeFrom(said.change) }),
        ...(mutation && { bodyMutation: mutation }),
        clearRouteCache: said.clearRouteCache,
      };
      return { [field]: { response: inner }, ...rest };
    }
    case "trailers":
      return { [`${said.side}Trailers`]: { headerMutation: changeFrom(said.change) }, ...rest };
    case "immediate": {
      const headersSet = changeFrom({ set: said.headers, remove: [] });
      const { status: code, details, body: content } = said;
      return {
        immediateResponse: { status: { code }, headers: headersSet, body: Buffer.from(content), details },
        ...rest,
      };
    }
    case "streamed_head": {
      const all: Headers = [[":status", String(said.status)], ...said.headers];
      return { streamedImmediateResponse: { headersResponse: { headers: mapOf(all) } }, ...rest };
    }
    case "streamed_chunk":
      return { streamedImmediateResponse: { bodyResponse: chunkFrom(said.chunk) }, ...rest };
  }
}

describe("what Envoy is sent", () => {
  it("is what protobufjs reads", () => {
    fc.assert(
      fc.property(response, (said) => {
        const read = ProcessingResponse.decode(encode(said));
        const expected = ProcessingResponse.fromObject(expectedOf(said));
        expect(plain(read)).toEqual(plain(ProcessingResponse.decode(ProcessingResponse.encode(expected).finish())));
      }),
      { numRuns: 300 },
    );
  });

  it("replaces a body by an empty one, which is not the same as not replacing it", () => {
    const empty = ProcessingResponse.decode(encode({ kind: "body", side: "response", body: new Uint8Array(0) }));
    expect(plain(empty)).toMatchObject({ responseBody: { response: { bodyMutation: { body: "" } } } });
    const kept = ProcessingResponse.decode(encode({ kind: "body", side: "response" }));
    expect(plain(kept)).toMatchObject({ responseBody: { response: { bodyMutation: null } }, response: "responseBody" });
  });
});

describe("health messages", () => {
  it("name a service and a status", () => {
    expect(decodeHealthCheck(Buffer.from([0x0a, 0x03, 0x61, 0x2e, 0x62]))).toBe("a.b");
    expect(decodeHealthCheck(Buffer.alloc(0))).toBe("");
    expect(() => decodeHealthCheck(Buffer.from([0x0a, 0x03]))).toThrow(Malformed);
    expect(encodeHealth(2)).toEqual(Buffer.from([0x08, 0x02]));
  });
});
