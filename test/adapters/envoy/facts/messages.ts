import type {
  CommonResponse,
  HeaderMap,
  HeaderMutation,
  HeaderValueOption,
  ProcessingRequest,
  ProcessingResponse,
  RequestKind,
} from "../../../doubles/fake-envoy/protocol.ts";
import type { RawCall } from "./raw-processor.ts";

/** What a processor says, written briefly. */
type Plain = Readonly<Record<string, string>>;

const value = (key: string, text: string) => ({ key, raw_value: Buffer.from(text, "latin1") });

export const headerMap = (plain: Plain): HeaderMap => ({
  headers: Object.entries(plain).map(([key, text]) => value(key, text)),
});

export const set = (key: string, text: string, extra: object = {}): HeaderValueOption => ({
  header: value(key, text),
  ...extra,
});

export const mutation = (plain: Plain, remove: readonly string[] = []): HeaderMutation => ({
  set_headers: Object.entries(plain).map(([key, text]) => set(key, text)),
  remove_headers: remove,
});

/** A terminated answer: head, piece, end. */
export const head = (status: number | string, plain: Plain = {}, end = false): ProcessingResponse => ({
  streamed_immediate_response: {
    headers_response: { headers: headerMap({ ":status": String(status), ...plain }), end_of_stream: end },
  },
});
export const piece = (text: string | Buffer, end = false): ProcessingResponse => ({
  streamed_immediate_response: { body_response: { body: Buffer.from(text as string), end_of_stream: end } },
});

export const immediately = (code: number, text = "", headers: HeaderMutation = {}): ProcessingResponse => ({
  immediate_response: { status: { code }, body: Buffer.from(text), headers },
});

type Reply = "request_headers" | "request_body" | "response_headers" | "response_body";

export const go = (kind: Reply, common: CommonResponse = {}, extra: ProcessingResponse = {}): ProcessingResponse => ({
  [kind]: { response: common },
  ...extra,
});

/** Answers everything with CONTINUE, but what a script answers itself. */
export async function carryOn(
  call: RawCall,
  itself: Partial<Record<RequestKind, (message: ProcessingRequest) => void>> = {},
): Promise<void> {
  for (let message = await call.next(); message; message = await call.next()) {
    const { request: kind } = message;
    if (kind === undefined) continue;
    if (itself[kind]) itself[kind](message);
    else call.say({ [kind]: {} });
  }
}

/** A reply with another body, and with the headers that it makes necessary. */
export const withBody = (kind: Reply, text: string, headers?: HeaderMutation): ProcessingResponse =>
  go(kind, { body_mutation: { body: Buffer.from(text) }, ...(headers && { header_mutation: headers }) });

/** A piece of a body in FULL_DUPLEX_STREAMED. */
export const duplexed = (text: string | Buffer, end = false, kind: Reply = "response_body"): ProcessingResponse =>
  go(kind, { body_mutation: { streamed_response: { body: Buffer.from(text as string), end_of_stream: end } } });

export const metadata = (plain: Readonly<Record<string, string | number>>): ProcessingResponse => ({
  dynamic_metadata: {
    fields: {
      postern: {
        structValue: {
          fields: Object.fromEntries(
            Object.entries(plain).map(([key, each]) => [
              key,
              typeof each === "number" ? { numberValue: each } : { stringValue: each },
            ]),
          ),
        },
      },
    },
  },
});
