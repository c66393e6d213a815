import { fileURLToPath } from "node:url";
import { type Client, loadPackageDefinition, type ServiceClientConstructor } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

/** The messages of `ext_proc.proto`, as `@grpc/proto-loader` reads and writes them. Fields that are absent have their zero value. */
export interface HeaderValue {
  readonly key: string;
  readonly value?: string;
  readonly raw_value?: Buffer;
}
export interface HeaderMap {
  readonly headers?: readonly HeaderValue[];
}
export interface HttpHeaders {
  readonly headers?: HeaderMap;
  readonly end_of_stream?: boolean;
}
export interface HttpBody {
  readonly body?: Buffer;
  readonly end_of_stream?: boolean;
}
export interface HttpTrailers {
  readonly trailers?: HeaderMap;
}
export interface Struct {
  readonly fields?: Readonly<Record<string, Value>>;
}
export interface Value {
  readonly nullValue?: number;
  readonly numberValue?: number;
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly structValue?: Struct;
  readonly listValue?: { readonly values?: readonly Value[] };
}

export interface ProcessingRequest {
  readonly request_headers?: HttpHeaders;
  readonly response_headers?: HttpHeaders;
  readonly request_body?: HttpBody;
  readonly response_body?: HttpBody;
  readonly request_trailers?: HttpTrailers;
  readonly response_trailers?: HttpTrailers;
  /** Which of the above is set: proto-loader's reading of the `oneof`. */
  readonly request?: RequestKind;
  readonly attributes?: Readonly<Record<string, Struct>>;
  readonly observability_mode?: boolean;
  readonly protocol_config?: { readonly request_body_mode?: number; readonly response_body_mode?: number };
}
export type RequestKind =
  | "request_headers"
  | "response_headers"
  | "request_body"
  | "response_body"
  | "request_trailers"
  | "response_trailers";

export interface HeaderValueOption {
  readonly header?: HeaderValue;
  readonly append?: { readonly value?: boolean };
  readonly append_action?: number;
}
export interface HeaderMutation {
  readonly set_headers?: readonly HeaderValueOption[];
  readonly remove_headers?: readonly string[];
}
export interface StreamedBodyResponse {
  readonly body?: Buffer;
  readonly end_of_stream?: boolean;
}
export interface BodyMutation {
  readonly body?: Buffer;
  readonly clear_body?: boolean;
  readonly streamed_response?: StreamedBodyResponse;
}
export interface CommonResponse {
  /** 1: CONTINUE_AND_REPLACE. */
  readonly status?: number;
  readonly header_mutation?: HeaderMutation;
  readonly body_mutation?: BodyMutation;
  readonly clear_route_cache?: boolean;
}
export interface ImmediateResponse {
  readonly status?: { readonly code?: number };
  readonly headers?: HeaderMutation;
  readonly body?: Buffer;
  readonly details?: string;
}
export interface StreamedImmediateResponse {
  readonly headers_response?: HttpHeaders;
  readonly body_response?: StreamedBodyResponse;
  readonly trailers_response?: HeaderMap;
}
export interface ProcessingMode {
  readonly request_header_mode?: number;
  readonly response_header_mode?: number;
  readonly request_body_mode?: number;
  readonly response_body_mode?: number;
  readonly request_trailer_mode?: number;
  readonly response_trailer_mode?: number;
}
interface Reply {
  readonly response?: CommonResponse;
}
export interface ProcessingResponse {
  readonly request_headers?: Reply;
  readonly response_headers?: Reply;
  readonly request_body?: Reply;
  readonly response_body?: Reply;
  readonly request_trailers?: { readonly header_mutation?: HeaderMutation };
  readonly response_trailers?: { readonly header_mutation?: HeaderMutation };
  readonly immediate_response?: ImmediateResponse;
  readonly streamed_immediate_response?: StreamedImmediateResponse;
  readonly response?: RequestKind | "immediate_response" | "streamed_immediate_response";
  readonly dynamic_metadata?: Struct;
  readonly mode_override?: ProcessingMode;
  readonly override_message_timeout?: { readonly seconds?: number; readonly nanos?: number };
}

export const headerMode = { default: 0, send: 1, skip: 2 } as const;
export const bodyMode = { none: 0, streamed: 1, buffered: 2, duplex: 4 } as const;

const definition = loadSync(fileURLToPath(new URL("../protos/ext_proc.proto", import.meta.url)), {
  keepCase: true,
  longs: Number,
  enums: Number,
  oneofs: true,
  defaults: false,
});
const loaded = loadPackageDefinition(definition) as unknown as {
  envoy: { service: { ext_proc: { v3: { ExternalProcessor: ServiceClientConstructor } } } };
};

/** `ExternalProcessor` with generated messages: `.service` to serve it, `new` to call it. */
export const ExternalProcessor = loaded.envoy.service.ext_proc.v3.ExternalProcessor;
export type ExternalProcessorClient = Client;

const plainValue = (value: Value): unknown => {
  if (value.structValue) return plain(value.structValue);
  if (value.listValue) return (value.listValue.values ?? []).map(plainValue);
  return value.numberValue ?? value.stringValue ?? value.boolValue ?? null;
};

/** A `Struct` as plain JSON. */
export const plain = (struct: Struct): Record<string, unknown> =>
  Object.fromEntries(Object.entries(struct.fields ?? {}).map(([key, value]) => [key, plainValue(value)]));
