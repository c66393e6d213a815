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

const flags = new Uint16Array(65_536);
function mark(characters: string, bits: number): void {
  for (const character of characters) {
    const code = character.charCodeAt(0);
    flags[code] = (flags[code] as number) | bits;
  }
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
for (let code = 0x80; code < 65_536; code++) flags[code] = LOCAL | DOMAIN;

/** Is the code unit at `index` of one of the classes? `false` outside of the text. */
export function is(text: string, index: number, classes: number): boolean {
  return index >= 0 && index < text.length && ((flags[text.charCodeAt(index)] as number) & classes) !== 0;
}

/** The first index from `from` that is not of the classes. */
export function skip(text: string, from: number, classes: number): number {
  let index = from;
  while (index < text.length && (flags[text.charCodeAt(index)] as number) & classes) index++;
  return index;
}

/**
 * Where, from `from` on, at least `minimum` units of the classes stand in a row; -1: nowhere. Looks at every `minimum`-th unit and
 * backwards from there, so that prose costs a fraction of a read per unit, and hostile text two.
 */
export function findRun(text: string, from: number, classes: number, minimum: number): number {
  const length = text.length;
  let low = from;
  for (let probe = low + minimum - 1; probe < length; probe = low + minimum - 1) {
    let index = probe;
    while (index >= low && (flags[text.charCodeAt(index)] as number) & classes) index--;
    if (index < low) return low;
    low = index + 1;
  }
  return -1;
}
