/** Header names are lower-case; a repeated header is an array, in order of arrival. */
export type HeaderMap = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface RequestHead {
  readonly method: string;
  /** Path and query as the caller sent them below the mount point: `/v1/messages?beta=true`. */
  readonly url: string;
  readonly headers: HeaderMap;
  /** Address of the caller's socket, for records; absent where a host does not know it. */
  readonly peer?: string | undefined;
}

export interface HttpRequest extends RequestHead {
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
}

export interface HttpHead {
  readonly status: number;
  readonly headers: HeaderMap;
}

export type Reply = HttpHead & { readonly body: Uint8Array };

/**
 * Where an answer is pushed. `head` comes once, before any `data`; exactly one `end` or `fail` is last.
 * Nothing is called before the exchange has returned its `Flow`, nor after `abort`.
 */
export interface Sink {
  head(head: HttpHead): void;
  /** `false` asks for silence until `Flow.resume()`. */
  data(bytes: Uint8Array): boolean;
  end(): void;
  fail(cause: unknown): void;
}

export interface Flow {
  resume(): void;
  abort(cause: unknown): void;
}

/** One HTTP request pushed into a sink: the shape of the provider's client and of the gateway alike. */
export type Exchange = (request: HttpRequest, to: Sink) => Flow;

/** What the mover of the bytes can do. */
export interface Host {
  /** It can still replace an answer whose status line has come (Envoy as a transformer cannot). */
  readonly takesBack: boolean;
  /** It applies what the engine changes (a tap does not). */
  readonly mutates: boolean;
}

export const ableHost: Host = { takesBack: true, mutates: true };

/** The first value of a header, or `undefined`. */
export function header(headers: HeaderMap, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" || value === undefined ? value : value[0];
}

/** The path of a request target, without its query. */
export function pathOf(url: string): string {
  const query = url.indexOf("?");
  return query < 0 ? url : url.slice(0, query);
}

export const noBytes: Uint8Array = new Uint8Array(0);
