import type { Place } from "./problem.ts";

/** As the file format has them; `model` is what others call `assistant`. */
export type Role = "system" | "user" | "model";

/** Where a value comes from. */
export interface Reference {
  readonly kind: "reference";
  readonly place: Place;
  /** As written. */
  readonly name: string;
  /** `@index`, `@root` and the like, without the sign. */
  readonly data: string | undefined;
  /** How many `../` stand before it. */
  readonly up: number;
  readonly parts: readonly string[];
}

export type Operand = Reference | { readonly kind: "literal"; readonly value: string | number | boolean | null };

export interface Choice {
  readonly kind: "choice";
  readonly of: Operand;
  /** Compares instead of asking for truth. */
  readonly equals: Operand | undefined;
  readonly negated: boolean;
  readonly body: readonly Part[];
  readonly otherwise: readonly Part[];
}

/** `each` and `with`: the body sees the value as `this`, and under the names given to it. */
export interface Scoped {
  readonly kind: "each" | "with";
  readonly of: Reference;
  readonly names: readonly string[];
  readonly body: readonly Part[];
  readonly otherwise: readonly Part[];
}

/** A template as data: what is rendered is interpreted, so no text ever becomes code. */
export type Part =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "value"; readonly of: Reference }
  | { readonly kind: "json"; readonly of: Operand; readonly indent: number }
  | { readonly kind: "role"; readonly role: Role }
  | { readonly kind: "history" }
  | Choice
  | Scoped;
