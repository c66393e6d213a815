import type { Provider } from "../dialects/dialect.ts";
import { type Flow, type HeaderMap, type HttpRequest, noBytes, type RequestHead, type Sink } from "../http.ts";
import type { Picked, Target } from "../step.ts";

type Push = (request: HttpRequest, to: Sink, picked?: Picked) => Flow;

const nullBody = new Set([101, 204, 205, 304]);

/** An answer that is pushed, as a web `Response`: it resolves with the head; cancelling its body cancels the provider. */
export function respond(push: (to: Sink) => Flow, signal?: AbortSignal | null): Promise<Response> {
  return new Promise((resolve, reject) => {
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    let flow: Flow | undefined;
    const over = (): void => signal?.removeEventListener("abort", stop);
    const stop = (): void => {
      flow?.abort(signal?.reason);
      controller?.error(signal?.reason);
      reject(signal?.reason);
    };
    const body = new ReadableStream<Uint8Array>(
      {
        start(made) {
          controller = made;
        },
        pull: () => flow?.resume(),
        cancel(reason) {
          over();
          flow?.abort(reason);
        },
      },
      { highWaterMark: 4 },
    );
    flow = push({
      head: (head) =>
        resolve(
          new Response(nullBody.has(head.status) ? null : body, {
            status: head.status,
            headers: headersOf(head.headers),
          }),
        ),
      data(bytes) {
        controller?.enqueue(bytes);
        return (controller?.desiredSize ?? 0) > 0;
      },
      end() {
        over();
        controller?.close();
      },
      fail(cause) {
        over();
        controller?.error(cause);
        reject(cause);
      },
    });
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}

function headersOf(headers: HeaderMap): Headers {
  const made = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === "string") made.set(name, value);
    else for (const item of value ?? []) made.append(name, item);
  }
  return made;
}

/** The request as the engine reads it; `url` is what stands below the mount point. */
export function toRequest(request: Request, url: string): HttpRequest {
  const headers: Record<string, string> = {};
  request.headers.forEach((value, name) => {
    headers[name] = value;
  });
  const body = request.body === null ? noBytes : (request.body as unknown as AsyncIterable<Uint8Array>);
  return { method: request.method, url, headers, body };
}

interface Place {
  readonly target: string | undefined;
  /** What the target's base URL has before the version segment, and that segment. */
  readonly prefix: string;
}

const providers = ["https://api.openai.com", "https://api.anthropic.com"];

/** Where a request is meant to go: a configured target of its dialect, or a provider's own host, compared as whole origins. */
function placeOf(
  url: URL,
  targets: ReadonlyMap<string, Target>,
  speaks: (path: string) => Provider | undefined,
): Place | undefined {
  for (const target of targets.values()) {
    const { origin, pathname } = new URL(target.baseUrl);
    if (origin !== url.origin || !url.pathname.startsWith(`${pathname}/`)) continue;
    if (speaks(`/v1${url.pathname.slice(pathname.length)}`) === target.provider)
      return { target: target.name, prefix: pathname };
  }
  return providers.includes(url.origin) && url.pathname.startsWith("/v1/")
    ? { target: undefined, prefix: "/v1" }
    : undefined;
}

export interface FetchParts {
  readonly push: Push;
  targets(): ReadonlyMap<string, Target>;
  /** Whose wire a request speaks. */
  provider(head: RequestHead): Provider | undefined;
}

/** `fetch` with the whole engine in it; what is not an inspected endpoint of a known provider is refused, never let by. */
export function createFetch({ push, targets, provider }: FetchParts): typeof globalThis.fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    const { method, headers, body } = toRequest(request, "");
    const place = placeOf(url, targets(), (path) => provider({ method, url: path, headers }));
    const path = place === undefined ? url.pathname : `/v1${url.pathname.slice(place.prefix.length)}`;
    if (place === undefined && provider({ method, url: path, headers }) !== undefined) {
      throw new TypeError("not_inspected: the gateway forwards to known providers only");
    }
    const addressed = place?.target === undefined ? undefined : { address: place.target };
    return respond((to) => push({ method, url: path + url.search, headers, body }, to, addressed), request.signal);
  };
}
