import { fileURLToPath } from "node:url";
import * as grpc from "@grpc/grpc-js";
import protobuf from "protobufjs";

const root = protobuf.loadSync(fileURLToPath(new URL("../../doubles/protos/ext_proc.proto", import.meta.url)));
const scope = "envoy.service.ext_proc.v3";
export const ProcessingRequest = root.lookupType(`${scope}.ProcessingRequest`);
export const ProcessingResponse = root.lookupType(`${scope}.ProcessingResponse`);

interface HeaderValue {
  readonly key: string;
  readonly value?: string;
  readonly rawValue?: Uint8Array;
}
interface Mutation {
  readonly setHeaders?: readonly { readonly header: HeaderValue }[];
  readonly removeHeaders?: readonly string[];
}
interface Chunk {
  readonly body?: Uint8Array;
  readonly endOfStream?: boolean;
}
interface Common {
  readonly response?: {
    readonly headerMutation?: Mutation;
    readonly bodyMutation?: { readonly body?: Uint8Array; readonly streamedResponse?: Chunk };
    readonly clearRouteCache?: boolean;
  };
}

/** A `ProcessingResponse` as protobufjs reads it. */
export interface Said {
  readonly requestHeaders?: Common;
  readonly responseHeaders?: Common;
  readonly requestBody?: Common;
  readonly responseBody?: Common;
  readonly responseTrailers?: { readonly headerMutation?: Mutation };
  readonly immediateResponse?: {
    readonly status: { readonly code: number };
    readonly headers?: Mutation;
    readonly body?: Uint8Array;
    readonly details?: string;
  };
  readonly streamedImmediateResponse?: {
    readonly headersResponse?: { readonly headers: { readonly headers: readonly HeaderValue[] } };
    readonly bodyResponse?: Chunk;
  };
  readonly dynamicMetadata?: protobuf.Message;
  readonly modeOverride?: { readonly responseBodyMode?: number; readonly requestBodyMode?: number };
}

interface StructValue {
  readonly kind?: "stringValue" | "numberValue" | "structValue";
  readonly stringValue?: string;
  readonly numberValue?: number;
  readonly structValue?: Struct;
}
interface Struct {
  readonly fields: Readonly<Record<string, StructValue>>;
}

const plainOf = (struct: Struct): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(struct.fields).map(([name, value]) => [
      name,
      value.structValue ? plainOf(value.structValue) : value[value.kind ?? "stringValue"],
    ]),
  );

/** What a message tells of its call, in our namespace. */
export const metadataIn = (said: Said | undefined): unknown =>
  said?.dynamicMetadata ? plainOf(said.dynamicMetadata as unknown as Struct).postern : undefined;

export const latin1 = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("latin1");
export const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("utf8");

/** What a mutation sets, by name. */
export const setBy = (mutation: Mutation | undefined): Record<string, string> =>
  Object.fromEntries((mutation?.setHeaders ?? []).map(({ header }) => [header.key, latin1(header.rawValue)]));

/** How Envoy writes headers. */
export const headerMap = (headers: Readonly<Record<string, string>>): object => ({
  headers: Object.entries(headers).map(([key, value]) => ({ key, rawValue: Buffer.from(value, "latin1") })),
});

export interface Ended {
  readonly code: number;
  readonly details: string;
}

/** One external processing stream, seen from Envoy's end. */
export interface Conversation {
  readonly said: readonly Said[];
  /** The message that comes next, beginning with the first. */
  next(): Promise<Said>;
  /** How the processor ended the stream. */
  readonly ended: Promise<Ended>;
  send(message: object): void;
  sendBytes(bytes: Uint8Array): void;
  /** As Envoy ends every stream. */
  reset(): void;
  halfClose(): void;
}

const asItIs = (bytes: Buffer): Buffer => bytes;

export interface EnvoyClient {
  /** @param told what the filter says of itself. */
  talk(told?: Readonly<Record<string, string>>): Conversation;
  health(service?: string): Promise<number>;
  close(): void;
}

export function connectTo(address: string, credentials = grpc.credentials.createInsecure()): EnvoyClient {
  const client = new grpc.Client(address, credentials, { "grpc.max_receive_message_length": -1 });
  return {
    talk(told = {}) {
      const metadata = new grpc.Metadata();
      for (const [name, value] of Object.entries(told)) metadata.set(name, value);
      const path = `/${scope}.ExternalProcessor/Process`;
      return converse(client.makeBidiStreamRequest<Buffer, Buffer>(path, asItIs, asItIs, metadata));
    },
    health(service = "") {
      const name = Buffer.from(service);
      const request = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
      return new Promise((resolve, reject) => {
        client.makeUnaryRequest("/grpc.health.v1.Health/Check", asItIs, asItIs, request, (error, answer?: Buffer) => {
          if (error !== null) reject(error);
          else resolve(answer?.[1] ?? 0);
        });
      });
    },
    close: () => client.close(),
  };
}

function converse(call: grpc.ClientDuplexStream<Buffer, Buffer>): Conversation {
  const said: Said[] = [];
  let read = 0;
  let over = false;
  let wake = (): void => {};
  const ended = new Promise<Ended>((resolve) => {
    call.on("status", ({ code, details }) => {
      over = true;
      resolve({ code, details });
      wake();
    });
  });
  call.on("error", () => {});
  call.on("data", (bytes: Buffer) => {
    said.push(ProcessingResponse.decode(bytes) as unknown as Said);
    wake();
  });
  return {
    said,
    ended,
    async next() {
      while (said.length <= read && !over) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const message = said[read++];
      if (message === undefined) throw new Error(`the stream ended instead: ${JSON.stringify(await ended)}`);
      return message;
    },
    send: (message) =>
      void call.write(Buffer.from(ProcessingRequest.encode(ProcessingRequest.fromObject(message)).finish())),
    sendBytes: (bytes) => void call.write(Buffer.from(bytes)),
    reset: () => call.cancel(),
    halfClose: () => call.end(),
  };
}

/** Modes of bodies, by Envoy's numbers. */
export const NONE = 0;
export const STREAMED = 1;
export const BUFFERED = 2;
export const DUPLEX = 4;

export interface Opening {
  readonly headers?: Readonly<Record<string, string>>;
  readonly protocol?: { readonly requestBodyMode: number; readonly responseBodyMode: number };
  readonly endOfStream?: boolean;
  readonly observabilityMode?: boolean;
}

/** The first message of a chat call. */
export const opening = ({
  headers = {},
  protocol,
  endOfStream = false,
  observabilityMode = false,
}: Opening): object => ({
  requestHeaders: {
    headers: headerMap({
      ":method": "POST",
      ":scheme": "http",
      ":authority": "gateway.test",
      ":path": "/v1/chat/completions",
      "content-type": "application/json",
      authorization: "Bearer psk_web",
      ...headers,
    }),
    endOfStream,
  },
  observabilityMode,
  ...(protocol && { protocolConfig: protocol }),
});

export const body = (side: "request" | "response", content: string | Uint8Array, endOfStream = false): object => ({
  [`${side}Body`]: { body: Buffer.from(content as string), endOfStream },
});

export type Protocol = NonNullable<Opening["protocol"]>;
/** What each mode's filter tells with its first message. */
export const protocols = {
  terminate: { requestBodyMode: DUPLEX, responseBodyMode: NONE },
  buffered: { requestBodyMode: BUFFERED, responseBodyMode: BUFFERED },
  streamed: { requestBodyMode: BUFFERED, responseBodyMode: STREAMED },
  duplex: { requestBodyMode: BUFFERED, responseBodyMode: DUPLEX },
  tap: { requestBodyMode: STREAMED, responseBodyMode: STREAMED },
} as const satisfies Readonly<Record<string, Protocol>>;

/** The statuses that a processor ends streams with. */
export const codes = {
  ok: 0,
  cancelled: 1,
  invalidArgument: 3,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  internal: 13,
  unavailable: 14,
} as const;
