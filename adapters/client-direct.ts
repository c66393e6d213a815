import type { Gateway, Logger } from "../src/index.ts";

type Fetch = typeof globalThis.fetch;
type Input = Parameters<Fetch>[0];

/** How this process calls a provider itself. */
export interface Direct {
  /** The provider's, as the SDK would have it. */
  readonly baseURL: string;
  readonly credential: string;
  /** It goes as a bearer token whatever the SDK does with keys. */
  readonly bearer: boolean;
  readonly gateway?: Gateway | undefined;
  readonly log?: Logger | undefined;
}

/** What of a request may hold the gateway's key. */
const credentials = ["authorization", "x-api-key", "api-key", "x-goog-api-key"] as const;

/** Loaded when needed: whose calls all go through a gateway does not carry the engine. */
const engine = () => import("../src/index.ts");

let shared: Promise<Gateway> | undefined;

/** One for the process: clients are often made anew for each request. */
function sharedGateway(): Promise<Gateway> {
  shared ??= engine().then(({ createGateway }) => createGateway());
  return shared;
}

/** `fetch` through the engine in this process, with the provider's key instead of any other. */
export function directly({ credential, bearer, gateway }: Direct): Fetch {
  return async (input, init) => {
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
    const place = !bearer && headers.has("x-api-key") ? "x-api-key" : "authorization";
    for (const name of credentials) headers.delete(name);
    headers.set(place, place === "authorization" ? `Bearer ${credential}` : credential);
    return (gateway ?? (await sharedGateway())).fetch(input, { ...init, headers });
  };
}

/** `fetch` to a gateway; where none answers at all, the provider is called from this process. */
export function withFallback(baseURL: string, direct: Direct): Fetch {
  const call = directly(direct);
  return async (input, init) => {
    const url = addressOf(input);
    if (!isReplayable(input, init) || !url.startsWith(`${baseURL}/`)) return fetch(input, init);
    try {
      const answer = await fetch(input, { ...init, redirect: init?.redirect ?? "manual" });
      if (init?.redirect !== undefined || !isRedirect(answer)) return answer;
      await answer.body?.cancel();
    } catch (cause) {
      if (!(await isAbsent(cause, baseURL))) throw cause;
      const log = direct.log ?? (await engine()).createLogger();
      log.warn({ code: codeOf(cause) }, "no gateway answered: the provider is called directly");
      return call(direct.baseURL + url.slice(baseURL.length), init);
    }
    // It is an answer: whoever is not there where it points to is not the gateway.
    return fetch(input, init);
  };
}

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const isRedirect = ({ status, type }: Response): boolean => redirects.has(status) || type === "opaqueredirect";

const addressOf = (input: Input): string => (input instanceof Request ? input.url : String(input));

/** A stream, or whatever else is read piece by piece, has been read by the attempt that failed. */
const isReplayable = (input: Input, init: RequestInit | undefined): boolean =>
  !(input instanceof Request) &&
  !(Symbol.asyncIterator in Object(init?.body)) &&
  !(init?.body instanceof ReadableStream);

/** Nothing was sent. Not among them: a certificate that is not trusted, which may be somebody in between. */
const unreached = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
]);
/** A connection ended before a head came. */
const reset = new Set(["ECONNRESET", "EPIPE", "ETIMEDOUT", "UND_ERR_SOCKET"]);

const codeOf = (cause: unknown): string =>
  String(((cause as Error | undefined)?.cause as NodeJS.ErrnoException | undefined)?.code ?? "");

/** A gateway that drops one call and takes the next is there, and what it dropped is not to be sent past it. */
async function isAbsent(cause: unknown, baseURL: string): Promise<boolean> {
  const code = codeOf(cause);
  if (!reset.has(code)) return unreached.has(code);
  const probe = new URL("/postern/health/live", baseURL);
  return fetch(probe, { method: "HEAD", signal: AbortSignal.timeout(probeMs) }).then(
    () => false,
    (failure: unknown) => unreached.has(codeOf(failure)) || reset.has(codeOf(failure)),
  );
}

/** A gateway that is silent for longer is there all the same. */
const probeMs = 2_000;
