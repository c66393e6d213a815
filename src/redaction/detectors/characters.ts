import type { Source } from "./source.ts";

/** Classes of UTF-16 code units, as bits of one table that is indexed without a bounds check. */
export const DIGIT = 1;
export const LETTER = 2;
/** What stands inside a written number: digits and the marks that group them. */
export const NUMBER = 4;
/** What long tokens are made of, with `/ + :` of base64, URLs and IPv6. */
export const TOKEN = 8;
export const HEX = 16;
/** What the local part of an e-mail address is made of in practice. */
export const LOCAL = 32;
/** What a domain name is made of, dots included. */
export const DOMAIN = 64;
/** ASCII letters, digits and the underscore. */
export const WORD = 128;
/** Of those and the hyphen: what most credentials are made of. */
export const PIECE = 256;
export const HYPHEN = 512;
export const AT = 1024;
export const COLON = 2048;
/** What stands for another character, or begins what does. */
export const SPECIAL = 4096;
/** Beyond ASCII. */
export const FOREIGN = 8192;
/** What the values of settings are made of that hold a credential. */
export const VALUE = 16_384;
export const ALL = 32_767;

const flags = new Uint16Array(65_536);
function mark(characters: string, bits: number): void {
  for (const character of characters) classify(character.charCodeAt(0), bits);
}
mark("0123456789", DIGIT | NUMBER | TOKEN | HEX | LOCAL | DOMAIN | WORD);
mark("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", LETTER | TOKEN | LOCAL | DOMAIN | WORD);
mark("ABCDEFabcdef", HEX);
mark(" +-().", NUMBER);
mark("/", NUMBER | TOKEN);
mark("+-_:", TOKEN);
mark("_", WORD | LOCAL);
mark(".+-", LOCAL);
mark(".-", DOMAIN);
mark("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-", PIECE);
/** Letters of other scripts may stand in addresses (RFC 6531) and domains; which of these units are letters is asked only there. */
for (let code = 0x80; code < 65_536; code++) flags[code] = LOCAL | DOMAIN | FOREIGN;
mark("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.~+/=", VALUE);
mark("-", HYPHEN);
mark("@", AT);
mark(":", COLON);

/** Adds to the classes of a code unit. */
export function classify(code: number, bits: number): void {
  flags[code] = (flags[code] as number) | bits;
}

/** The classes of a code unit. */
export const classesOf = (code: number): number => flags[code] as number;

/** The first index from `from` that is of one of the classes; `to`: none is. */
export function findAny(units: Source["units"], from: number, to: number, classes: number): number {
  let index = from;
  for (; index + 3 < to; index += 4) {
    const four =
      (flags[units[index] as number] as number) |
      (flags[units[index + 1] as number] as number) |
      (flags[units[index + 2] as number] as number) |
      (flags[units[index + 3] as number] as number);
    if ((four & classes) !== 0) break;
  }
  while (index < to && ((flags[units[index] as number] as number) & classes) === 0) index++;
  return index;
}

/** Is the code unit at `index` of one of the classes? `false` outside of the text, since a unit that is 0 is of none. */
export function is(units: Source["units"], index: number, classes: number): boolean {
  return index >= 0 && ((flags[units[index] as number] as number) & classes) !== 0;
}

/** The first index from `from` that is not of the classes. */
export function skip(units: Source["units"], from: number, classes: number): number {
  let index = from;
  while ((flags[units[index] as number] as number) & classes) index++;
  return index;
}

/** Are the `count` units from `from` on all of the classes? */
export function isRun(units: Source["units"], from: number, count: number, classes: number): boolean {
  let index = from;
  while (index < from + count && (flags[units[index] as number] as number) & classes) index++;
  return index === from + count;
}

/**
 * Where, from `from` on, at least `minimum` units of the classes stand in a row; -1: nowhere. Looks at every `minimum`-th unit and
 * backwards from there, so that prose costs a fraction of a read per unit, and hostile text two.
 */
export function findRun({ length, units }: Source, from: number, classes: number, minimum: number): number {
  let low = from;
  for (let probe = low + minimum - 1; probe < length; probe = low + minimum - 1) {
    let index = probe;
    while (index >= low && (flags[units[index] as number] as number) & classes) index--;
    if (index < low) return low;
    low = index + 1;
  }
  return -1;
}
