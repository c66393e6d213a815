/** What becomes of a character when texts are compared: `text` instead of it, as part of a word or as something between words. */
export interface Fold {
  readonly kind: "word" | "space" | "mark" | "alone";
  readonly text: string;
}

/** `alone`: scripts that write no spaces, of which each character is a word. */
const unspaced =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]$/u;
const space: Fold = { kind: "space", text: " " };
const folds = new Map<number, Fold>();
/** Bounds what is remembered: the letters of several scripts fit, all of Unicode does not. */
const remembered = 8_192;

/** By code unit, for those that are part of a word and become one other unit: that unit; else 0, also where nobody asked `foldOf` yet. */
export const simpleFolds = new Uint16Array(65_536);
for (let code = 0; code < 128; code++) foldOf(code);

/**
 * Compatibility forms are decomposed (NFKD, under which exactly those strings are equal that are under NFKC), case is removed, all
 * white space becomes a space.
 */
export function foldOf(code: number): Fold {
  const known = folds.get(code);
  if (known !== undefined) return known;
  const character = String.fromCodePoint(code);
  const text = character.normalize("NFKD").toUpperCase().toLowerCase().normalize("NFKD");
  const wordy = /^[\p{L}\p{N}\p{M}]+$/u.test(text);
  const kind = unspaced.test(character) ? "alone" : wordy ? "word" : "mark";
  const fold = /^\s/.test(text) ? space : ({ kind, text } as const);
  if (folds.size < remembered) {
    folds.set(code, fold);
    if (fold.kind === "word" && text.length === 1 && code < 65_536) simpleFolds[code] = text.charCodeAt(0);
  }
  return fold;
}

/** The code point at `index`; a lone surrogate is one too. */
export function codePointAt(units: Uint16Array, index: number): number {
  const first = units[index] as number;
  const second = units[index + 1] as number;
  const pair = first >= 0xd800 && first < 0xdc00 && second >= 0xdc00 && second < 0xe000;
  return pair ? (first - 0xd800) * 0x400 + second - 0xdc00 + 0x10000 : first;
}

/** Folds pieces of one text, one behind the other, and makes white space in a row one space. Reuses its buffer. */
export class Folder {
  readonly units: Uint16Array;
  length = 0;

  /** More than `most` units are cut off. */
  constructor(most: number) {
    this.units = new Uint16Array(most);
  }

  /** Folds units[from, to). */
  add(units: Uint16Array, from: number, to: number): void {
    for (let index = from; index < to && this.length < this.units.length; ) {
      const code = codePointAt(units, index);
      const { kind, text } = foldOf(code);
      if (kind !== "space") for (let i = 0; i < text.length; i++) this.#push(text.charCodeAt(i));
      else if (this.length > 0 && this.units[this.length - 1] !== 0x20) this.#push(0x20);
      index += code > 0xffff ? 2 : 1;
    }
  }

  wipe(): void {
    this.units.fill(0, 0, this.length);
    this.length = 0;
  }

  #push(unit: number): void {
    if (this.length < this.units.length) this.units[this.length++] = unit;
  }
}
