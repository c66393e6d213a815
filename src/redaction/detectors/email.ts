import type { Report, Rule } from "./candidate.ts";
import { DOMAIN, is, LOCAL, WORD } from "./characters.ts";
import type { Source } from "./source.ts";

const DOT = 46;
const HYPHEN = 45;
const APOSTROPHE = 39;
const COLON = 58;
/** From here on scripts write without spaces (Han, kana, Hangul): the sentence around an ASCII address may touch it. */
const unspaced = 0x2e80;
const letterOrDigit = /^[\p{L}\p{M}\p{N}]$/u;
const topLevel = /^(?:[a-z]{2,24}|xn--[a-z0-9-]{2,59}|(?!\p{ASCII})[\p{L}][\p{L}\p{M}]{1,62})$/iu;
/** Endings of file names that are no top-level domains: `icon@2x.png` is a file. */
const files = new Set(
  "css csv gif htm html ico ini jpeg jpg js json jsx log pdf png svg toml ts tsx txt webp xml yaml yml".split(" "),
);

/**
 * Reports the address around the `@` at `at`. The local part is taken to the left as far as practice goes, not as far as RFC 5321
 * would let it (`=`, quotes and slashes end it); the domain needs a dot and a top-level domain of letters.
 */
export function reportEmail(source: Source, at: number, rule: Rule, report: Report): void {
  const { text } = source;
  const start = localStart(source, at);
  if (start === at) return;
  const end = domainEnd(source, at + 1);
  if (end < 0) return;
  if (text.charCodeAt(end) === COLON && text.slice(start, at) === "git") return; // scp-like remote, `git@host:path`
  report(rule, start, end);
}

function localStart(source: Source, at: number): number {
  const { text, units } = source;
  const limit = text.charCodeAt(at - 1) < unspaced ? unspaced : 0x10000;
  let start = at;
  while (start > 0 && isLocal(source, start - 1, limit)) start--;
  const dots = text.slice(start, at).lastIndexOf("..");
  if (dots >= 0) start += dots + 2;
  while (start < at && !is(units, start, WORD) && text.charCodeAt(start) < 128) start++;
  return text.charCodeAt(at - 1) === DOT ? at : start;
}

function isLocal({ text, units }: Source, index: number, limit: number): boolean {
  if (is(units, index, LOCAL)) return isName(text, index, limit);
  return units[index] === APOSTROPHE && is(units, index - 1, WORD) && is(units, index + 1, WORD);
}

/** Where the longest domain that begins at `from` ends; -1: there is none. */
function domainEnd({ text, units }: Source, from: number): number {
  let end = -1;
  let label = from;
  for (let labels = 1; ; labels++) {
    const limit = text.charCodeAt(label) < unspaced ? unspaced : 0x10000;
    let index = label;
    while (is(units, index, DOMAIN) && text.charCodeAt(index) !== DOT && isName(text, index, limit)) index++;
    if (index === label || text.charCodeAt(label) === HYPHEN) return end;
    const last = labels > 1 ? topLevelLength(text.slice(label, index)) : 0;
    if (last > 0) end = label + last;
    if (text.charCodeAt(index) !== DOT) return end;
    label = index + 1;
  }
}

/** How much of a label reads as a top-level domain: what stands before a hyphen does, `maria@example.com-Sales`. */
function topLevelLength(label: string): number {
  const name = label.startsWith("xn--") ? label : (label.split("-", 1)[0] as string);
  return topLevel.test(name) && !files.has(name.toLowerCase()) ? name.length : 0;
}

function isName(text: string, index: number, limit: number): boolean {
  const code = text.charCodeAt(index);
  if (code < 128) return true;
  if (code >= limit) return false;
  if (code < 0xd800 || code > 0xdfff) return letterOrDigit.test(text[index] as string);
  const first = code < 0xdc00 ? index : index - 1;
  return letterOrDigit.test(String.fromCodePoint(text.codePointAt(first) as number));
}
