import type { Report, Rule } from "./candidate.ts";
import { COLON, DIGIT, HEX, is, skip, WORD } from "./characters.ts";
import type { Source } from "./source.ts";

/*
 * Not reported, since they name no machine of anyone's: 0.0.0.0, 127.0.0.0/8, masks and broadcast (255.…), `::`, `::1`; and what
 * only looks like an address: versions (`v1.2.3.4`, `Chrome/120.0.0.0`, `version 1.2.3.4`), sections (`section 8.1.2.2`), longer dotted numbers (OIDs), MAC addresses.
 */

const DOT = 46;
const SLASH = 47;
const PERCENT = 37;
/** Words behind which four numbers are a version, or a section of a standard. */
const numbering = /(?:\b(?:v|ver|version|release|build|section|sec|sect|chapter|clause)|§)[\s:=."'#-]{0,3}$/i;

/** Reads a dotted quad at `start`, which is a digit. Returns where it ends; `start`: it is none. */
export function ipv4End({ units }: Source, start: number): number {
  let index = start;
  for (let octet = 0; octet < 4; octet++) {
    if (octet > 0 && units[index++] !== DOT) return start;
    const from = index;
    let value = 0;
    while (index - from < 3 && is(units, index, DIGIT)) value = value * 10 + (units[index++] as number) - 48;
    if (index === from || value > 255 || is(units, index, DIGIT)) return start;
  }
  const longer = units[index] === DOT && is(units, index + 1, DIGIT);
  return longer || is(units, index, WORD) ? start : index;
}

/** Reports the IPv4 address that begins at `start`. Returns whether there is one. */
export function reportIpv4(source: Source, start: number, rule: Rule, report: Report): boolean {
  const { text, units } = source;
  const end = ipv4End(source, start);
  if (end === start || is(units, start - 1, WORD)) return false;
  const before = units[start - 1];
  if (before === DOT && is(units, start - 2, DIGIT)) return false;
  if (before === SLASH && is(units, start - 2, WORD)) return false;
  if (/^(?:0\.0\.0\.0$|127\.|255\.)/.test(text.slice(start, end))) return false;
  if (numbering.test(text.slice(Math.max(0, start - 12), start))) return false;
  report(rule, start, networkEnd(source, end, 32));
  return true;
}

/** With the prefix length behind it, if there is one: `/24`. */
function networkEnd({ text, units }: Source, end: number, most: number): number {
  if (units[end] !== SLASH) return end;
  const after = skip(units, end + 1, DIGIT);
  if (after === end + 1 || after > end + 4 || Number(text.slice(end + 1, after)) > most) return end;
  return is(units, after, WORD) || units[after] === SLASH ? end : after;
}

/** No address is longer than this: `0000:0000:0000:0000:0000:0000:255.255.255.255`. */
const longest = 45;

/** Six groups and their colons, before a dotted quad: what is shorter has two colons together, and `10:30:00` is a time. */
const shortestWhole = 12;

/** Reads the IPv6 address (RFC 4291, zones of RFC 4007) around the colon at `colon`. Returns up to where the text has been read. */
export function reportIpv6(source: Source, colon: number, rule: Rule, report: Report): number {
  const { text, units } = source;
  let start = colon;
  while (start > 0 && colon - start <= longest && is(units, start - 1, HEX | COLON)) start--;
  let end = colon;
  let colons = 0;
  let together = false;
  for (; end - colon <= longest && is(units, end, HEX | COLON); end++) {
    if (!is(units, end, COLON)) continue;
    colons++;
    together ||= is(units, end - 1, COLON);
  }
  if (colons < 2 || (!together && end - start < shortestWhole)) return end;
  if (end - start > longest || is(units, start - 1, WORD)) return end;
  let quad = -1;
  if (units[end] === DOT) {
    quad = text.lastIndexOf(":", end) + 1;
    end = ipv4End(source, quad);
    if (end === quad) return end + 1;
  } else if (is(units, end - 1, COLON) && !is(units, end - 2, COLON)) end--;
  const head = text.slice(start, quad < 0 ? end : quad);
  if (is(units, end, WORD) || !isIpv6(head, quad >= 0, units[end] === SLASH)) return end + 1;
  if (units[end] === PERCENT && is(units, end + 1, WORD)) end = skip(units, end + 1, WORD);
  report(rule, start, networkEnd(source, end, 128));
  return end + 1;
}

/** `head`: the address, without a dotted quad at its end. `network`: a prefix length follows. */
function isIpv6(head: string, quad: boolean, network: boolean): boolean {
  const halves = head.split("::");
  if (halves.length > 2 || (!quad && !/\d/.test(head))) return false;
  const compressed = halves.length === 2;
  const groups = (quad && !head.endsWith("::") ? head.slice(0, -1) : head).split(/::?/).filter((group) => group !== "");
  if (!groups.every((group) => group.length <= 4)) return false;
  if (/^:(?!:)|:::|[^:]:$/.test(quad ? `${head}0` : head)) return false;
  const count = groups.length + (quad ? 2 : 0);
  if (!compressed) return count === 8 && !groups.every((group) => group.length === 2);
  if (count > 7 || head === "::1") return false;
  return count >= 2 || (network && count === 1);
}
