import * as anthropic from "../dialects/anthropic-messages-routes.ts";
import * as openai from "../dialects/openai-chat-routes.ts";

/** No doubled, trailing or backward slash, no path parameters (`;`), nothing that is not ASCII. */
const form = /^(?:\/[A-Za-z0-9._~!$&'()*+,=:@%-]+)+$/;
const encoded = /%(.{0,2})/g;

/**
 * An encoded slash, dot, `?` or `#` makes another path of it at some server, an encoded letter another name; a space at an end is cut off,
 * and what is not ASCII may be folded into it.
 */
function isInnocent(hex: string): boolean {
  if (!/^[0-9A-Fa-f]{2}$/.test(hex)) return false;
  const code = Number.parseInt(hex, 16);
  return code > 0x20 && code < 0x7f && !/[A-Za-z0-9._~/\\%;?#-]/.test(String.fromCharCode(code));
}

/** Is this path written in the one way in which every server reads it alike? What is not is never passed through. */
export function isPlainPath(path: string): boolean {
  if (!form.test(path)) return false;
  // Dot segments, and what a server on Windows would cut off.
  for (const segment of path.split("/")) if (segment.endsWith(".")) return false;
  for (const [, hex = ""] of path.matchAll(encoded)) if (!isInnocent(hex)) return false;
  return true;
}

/** Wherever a server has mounted them, and however they are written. */
const inspected = /\/(?:chat\/completions|v1\/messages|v1\/messages\/count_tokens)$/;
const heads = [{}, { "anthropic-version": "2023-06-01" }];

/** Is this the path of an endpoint that the gateway inspects, for any server behind it? */
export function isInspected(path: string): boolean {
  const lower = path.toLowerCase();
  if (inspected.test(lower)) return true;
  let url = lower;
  for (;;) {
    for (const headers of heads) {
      const head = { method: "POST", url, headers };
      if (openai.matches(head) || anthropic.matches(head)) return true;
    }
    if (!url.startsWith("/v1/")) return false;
    url = url.slice("/v1".length);
  }
}
