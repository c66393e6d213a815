import type { Attributes, Gateway, Logger } from "../src/index.ts";
import { type Direct, directly, withFallback } from "./client-direct.ts";

export interface ClientOptions extends Partial<Record<keyof Attributes, string | undefined>> {
  /** The gateway's address, with its mount point if it has one; `POSTERN_URL` by default. */
  readonly url?: string | undefined;
  /** A key of the gateway, or the provider's own where the gateway lets callers bring theirs; `POSTERN_KEY` by default. */
  readonly key?: string | undefined;
  /** Where no gateway answers at all, the provider is called from this process, redacted all the same. Never after an answer. */
  readonly fallback?: "direct" | undefined;
  /** No gateway outside: the provider is called from this process, redacted, metered and recorded in it. */
  readonly route?: "direct" | undefined;
  /** For what goes direct; `OPENAI_API_KEY`, or `ANTHROPIC_API_KEY` or `ANTHROPIC_AUTH_TOKEN`, by default. It never goes to the gateway. */
  readonly providerKey?: string | undefined;
  /** What carries calls that go direct; by default one `createGateway()` for the process. */
  readonly gateway?: Gateway | undefined;
  /** Told of each fallback. */
  readonly log?: Logger | undefined;
}

interface Common {
  readonly baseURL: string;
  readonly apiKey: string;
  readonly fetch?: typeof globalThis.fetch;
}
/** What `new OpenAI()` takes. */
export interface OpenAIOptions extends Common {
  readonly defaultHeaders: Record<string, string>;
}
/** What `new Anthropic()` takes. */
export interface AnthropicOptions extends Common {
  /** Keeps the SDK from sending the provider's token, which may stand in the environment, to the gateway. */
  readonly authToken: null;
  readonly defaultHeaders: Record<string, string>;
}
/** What `createOpenAI()` and `createAnthropic()` of Vercel's `ai` take. */
export interface AiOptions extends Common {
  readonly headers: Record<string, string>;
}

const openai = { origin: "https://api.openai.com", keys: ["OPENAI_API_KEY"], tokens: [] };
const anthropic = {
  origin: "https://api.anthropic.com",
  keys: ["ANTHROPIC_API_KEY"],
  tokens: ["ANTHROPIC_AUTH_TOKEN"],
};

/** Of each SDK: who answers it, and whether its base URL holds the version. */
const sdks = {
  openai: { provider: openai, version: "/v1" },
  anthropic: { provider: anthropic, version: "" },
  ai: { provider: openai, version: "/v1" },
  "ai-anthropic": { provider: anthropic, version: "/v1" },
} as const;

/**
 * Points an official SDK at a gateway: its constructor's options, which may be spread among others.
 * @param sdk `openai` (default), `anthropic`, `ai` for `@ai-sdk/openai`, `ai-anthropic` for `@ai-sdk/anthropic`
 * @throws Error that names what is missing; no message holds a key or an address.
 * @example const openai = new OpenAI(clientOptions()); // with POSTERN_URL and POSTERN_KEY in the environment
 * @example const anthropic = new Anthropic(clientOptions("anthropic", { feature: "search", fallback: "direct" }));
 */
export function clientOptions(sdk?: "openai", options?: ClientOptions): OpenAIOptions;
export function clientOptions(sdk: "anthropic", options?: ClientOptions): AnthropicOptions;
export function clientOptions(sdk: "ai" | "ai-anthropic", options?: ClientOptions): AiOptions;
export function clientOptions(
  sdk: keyof typeof sdks = "openai",
  options: ClientOptions = {},
): OpenAIOptions | AnthropicOptions | AiOptions {
  const common = commonOf(sdks[sdk], options);
  const headers = headersOf(options);
  if (sdk === "openai") return { ...common, defaultHeaders: headers };
  return sdk === "anthropic" ? { ...common, authToken: null, defaultHeaders: headers } : { ...common, headers };
}

type Sdk = (typeof sdks)[keyof typeof sdks];

function commonOf({ provider, version }: Sdk, options: ClientOptions): Common {
  const there = provider.origin + version;
  const direct = (): Direct => ({ ...options, ...providerKeyOf(provider, options.providerKey), baseURL: there });
  if (options.route === "direct") {
    const target = direct();
    return { baseURL: there, apiKey: target.credential, fetch: directly(target) };
  }
  const url = addressOf(options.url ?? process.env.POSTERN_URL);
  const baseURL = url + version;
  const apiKey = options.key ?? process.env.POSTERN_KEY;
  if (!apiKey) throw new Error("there is no key for the gateway: set POSTERN_KEY, or pass `key`");
  const common = { baseURL, apiKey: sendable(apiKey, "key for the gateway") };
  return options.fallback === "direct" ? { ...common, fetch: withFallback(baseURL, direct()) } : common;
}

function providerKeyOf(
  { keys, tokens }: Sdk["provider"],
  given: string | undefined,
): { readonly credential: string; readonly bearer: boolean } {
  const read = (names: readonly string[]): string | undefined => names.map((name) => process.env[name]).find(Boolean);
  const key = given ?? read(keys);
  const token = key === undefined ? read(tokens) : undefined;
  const credential = key ?? token;
  if (!credential) {
    const names = [...keys, ...tokens].join(" or ");
    throw new Error(`calls that go direct need the provider's own key: set ${names}, or pass \`providerKey\``);
  }
  return { credential: sendable(credential, "provider's key"), bearer: token !== undefined };
}

/** Checked here, since `fetch` quotes a header that it does not take. */
function sendable(key: string, what: string): string {
  const trimmed = key.trim();
  if (!/^[\x21-\x7e]+$/.test(trimmed)) throw new Error(`the ${what} has characters that no header takes`);
  return trimmed;
}

/** Whether it was given with the version and a slash, or without. */
function addressOf(given: string | undefined): string {
  if (!given) throw new Error("there is no address of a gateway: set POSTERN_URL, or pass `url`");
  const url = URL.canParse(given) ? new URL(given) : new URL("invalid:");
  const { protocol, username, password, search, hash } = url;
  if (!/^https?:$/.test(protocol) || username + password + search + hash !== "") {
    throw new Error(
      "the gateway's address has to be an http or https URL (http://127.0.0.1:8787) without credentials and without a query",
    );
  }
  return url.origin + url.pathname.replace(/\/+$/, "").replace(/\/+v1$/, "");
}

function headersOf({ team, project, feature, customer }: ClientOptions): Record<string, string> {
  const attributes = Object.entries({ team, project, feature, customer } satisfies Record<keyof Attributes, unknown>);
  return Object.fromEntries(attributes.flatMap(([name, value]) => (value ? [[`x-postern-${name}`, value]] : [])));
}
