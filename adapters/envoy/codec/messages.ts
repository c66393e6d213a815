import type { Struct } from "./struct.ts";

/** Name and value as they stand on the wire, in order, pseudo headers included; values have one character a byte. */
export type Headers = readonly (readonly [name: string, value: string])[];

/** `envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode` */
export const bodyModes = { none: 0, streamed: 1, buffered: 2, bufferedPartial: 3, duplex: 4 } as const;

/** How Envoy sends bodies in this stream. */
export interface Protocol {
  readonly requestBody: number;
  readonly responseBody: number;
}

export type Side = "request" | "response";

/** What a `ProcessingRequest` is about. */
export type Part =
  | { readonly part: "headers"; readonly side: Side; readonly headers: Headers; readonly last: boolean }
  | { readonly part: "body"; readonly side: Side; readonly bytes: Uint8Array; readonly last: boolean }
  | { readonly part: "trailers"; readonly side: Side; readonly headers: Headers };

/** A `ProcessingRequest`. Its part is `undefined` where this codec does not know it. */
export interface Message {
  readonly part: Part | undefined;
  /** Nobody waits for an answer. */
  readonly observed: boolean;
  /** With the first message only; Envoy before 1.34 has none. */
  readonly protocol: Protocol | undefined;
  /** Those that are texts, by their paths: `source.address`. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Changes of a header map; what is both removed and set is set. */
export interface HeaderChange {
  readonly set: Headers;
  readonly remove: readonly string[];
}

export interface Chunk {
  readonly bytes: Uint8Array;
  readonly last: boolean;
}

/** What a `ProcessingResponse` says. */
export type Answer =
  /** Of a header or a body message: changes, a body instead (`body`), or a piece of one in FULL_DUPLEX_STREAMED (`chunk`). */
  | {
      readonly kind: "headers" | "body";
      readonly side: Side;
      readonly change?: HeaderChange;
      readonly body?: Uint8Array;
      readonly chunk?: Chunk;
      readonly clearRouteCache?: boolean;
    }
  | { readonly kind: "trailers"; readonly side: Side; readonly change: HeaderChange }
  /** A whole answer instead of the provider's; Envoy sets its length. */
  | {
      readonly kind: "immediate";
      readonly status: number;
      readonly headers: Headers;
      readonly body: Uint8Array;
      readonly details: string;
    }
  /** Head and pieces of a streamed answer of our own: only after the request has ended. */
  | { readonly kind: "streamed_head"; readonly status: number; readonly headers: Headers }
  | { readonly kind: "streamed_chunk"; readonly chunk: Chunk };

export type Response = Answer & {
  readonly metadata?: Struct | undefined;
  /** The response's body is to come in this mode. */
  readonly responseBody?: number | undefined;
};
