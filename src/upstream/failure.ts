import { Refusal } from "../errors.ts";

/** What an exchange waits for, and the name of the timeout that ends the wait. */
export type Phase = "connect" | "first_byte" | "idle";

export const timedOut = (phase: Phase): Refusal => new Refusal("upstream_timeout", { phase });

/** How far an exchange had come: no connection yet, the request handed to one, the answer's head received. */
export type Progress = "waiting" | "sent" | "answered";

const connectTimeouts = new Set(["UND_ERR_CONNECT_TIMEOUT", "ETIMEDOUT"]);
const shutDown = new Set(["UND_ERR_CLOSED", "UND_ERR_DESTROYED"]);
const malformed = new Set(["UND_ERR_HEADERS_OVERFLOW", "UND_ERR_RES_CONTENT_LENGTH_MISMATCH"]);

/** The other side no longer knows the connection. */
export const isReset = ({ code }: NodeJS.ErrnoException): boolean => code === "ECONNRESET" || code === "EPIPE";

/** The refusal that an error of the HTTP client stands for. Of its text nothing is kept: it may quote hosts and bytes. */
export function toFailure(error: NodeJS.ErrnoException, progress: Progress): Refusal {
  // undici 7 leaves the parser's errors without a code.
  const code = error.name === "HTTPParserError" ? "HTTP_PARSER" : error.code;
  if (typeof code !== "string" || !/^[A-Z][A-Z0-9_]{1,63}$/.test(code)) return new Refusal("internal_error");
  if (shutDown.has(code)) return new Refusal("draining");
  // A request that the client itself will not write is ours, not the provider's.
  if (code.startsWith("UND_ERR_INVALID") || code === "UND_ERR_NOT_SUPPORTED") return new Refusal("internal_error");
  if (progress === "waiting") {
    return connectTimeouts.has(code) ? timedOut("connect") : new Refusal("upstream_unreachable", { cause: code });
  }
  // In a body the parser's errors and a wrong length mostly mean that it ended early, so they count as that.
  const invalid = progress === "sent" && (code === "HTTP_PARSER" || malformed.has(code));
  return new Refusal(invalid ? "upstream_invalid" : "upstream_broken", { cause: code });
}
