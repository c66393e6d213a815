/** Keys and indexes from the root of a JSON body to a value. */
export type Path = readonly (string | number)[];
export type Scalar = string | number | boolean | null;

/** `personal` edits are left out for a trusted target; `secret` ones never are. An edit without a kind is always made. */
export type EditKind = "personal" | "secret";

/** In which part of the prompt a string stands; slots are numbered in this order. */
export type Section = "tools" | "system" | "messages" | "other";
export const sectionOrder: readonly Section[] = ["tools", "system", "messages", "other"];

/**
 * What may be done with a string. `text` may be edited. `opaque` (ids, enums, signatures) and `key` never are: a hit there refuses
 * the call. `binary` is a base64 payload (bare, or a `data:` URL) of at least 128 characters: it is not read. A string in a `binary`
 * place that is no such payload is treated as `otherwise`.
 */
export interface SlotClass {
  readonly kind: "text" | "opaque" | "binary";
  readonly section: Section;
  /** `json`: the string holds JSON text of its own (tool-call arguments), so what is put into it is escaped once more. */
  readonly encoding: "text" | "json";
  readonly otherwise: "text" | "opaque";
}

/**
 * The classes of a body's strings, as a tree that the walk descends beside the JSON, so that no path is built to classify.
 * A place without a rule inherits the nearest `below`; the root's default is text.
 */
export interface RuleNode {
  readonly keys?: ReadonlyMap<string, RuleNode>;
  readonly items?: RuleNode;
  /** The class of a string that stands exactly here. */
  readonly slot?: SlotClass;
  /** The class of every string here and deeper that has no rule of its own. */
  readonly below?: SlotClass;
}

export interface Slot {
  readonly path: Path;
  readonly kind: "text" | "opaque" | "key" | "binary";
  readonly section: Section;
  readonly encoding: "text" | "json";
  /** Decoded (escapes resolved), without edits. Decoded on first use. */
  readonly text: string;
  /** Length in bytes as it stands in the body, escapes included: an upper bound of its UTF-8 bytes. */
  readonly size: number;
}

export interface Rendering {
  /** Which kinds of edits to make; absent: all. */
  readonly kinds?: ReadonlySet<EditKind>;
  /**
   * Scalars to set on top, in order; missing parents are created at the end of their object, so that prefixes stay equal. `undefined`: the
   * member is taken out.
   */
  readonly sets?: readonly { readonly path: Path; readonly value: Scalar | undefined }[];
}

/**
 * A change of a body's structure: `value` is set at `path` (`undefined` takes the member out), or items are put before and behind those of
 * the array there, which stay byte for byte.
 */
export type Change =
  | { readonly path: Path; readonly value: unknown }
  | { readonly path: Path; readonly before: readonly unknown[]; readonly after: readonly unknown[] };

/** A JSON body and the edits made to it. What is not edited is rendered as the bytes that came. */
export interface Document {
  /** Every string of the body, keys included: of a request in prompt order (tools, system, messages, the rest), of an answer as they stand. */
  readonly slots: readonly Slot[];
  /** The same object for bodies of one stream that differ in the contents of their strings alone: what follows from paths may be kept by it and the place in `slots`. */
  readonly layout: object;
  /** The value at a path, parsed on demand; shows the edited view. `undefined` where there is none. */
  get(path: Path): unknown;
  /** Structural change: before the first `replace` only (the body is walked again). Throws an `Error` after that. */
  set(path: Path, value: unknown): void;
  /** Several structural changes for one walk; `slots` is another array from then on. Their paths do not lie within one another. */
  change(changes: readonly Change[]): void;
  /** Replaces UTF-16 range [start, end) of a text slot's `text`. Spans of one slot may come in any order but never overlap. */
  replace(slot: Slot, start: number, end: number, text: string, kind?: EditKind): void;
  readonly edited: boolean;
  /** Nothing to do: the very bytes that came, not a copy. */
  render(rendering?: Rendering): Uint8Array;
}
