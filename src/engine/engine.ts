import type { Dialect } from "../dialects/dialect.ts";
import type { Parts, Step } from "../step.ts";
import type { Gauge } from "./gauge.ts";

/** One generation of a gateway: a reload makes a new one, running calls keep theirs. */
export interface Engine {
  readonly parts: Parts;
  readonly dialects: readonly Dialect[];
  readonly steps: readonly Step[];
  readonly gauge: Gauge;
  /** Names that were looked at before and had nothing to hide in them; no others are kept. */
  readonly words: { get(word: string): boolean | undefined; set(word: string, plain: boolean): unknown };
  readonly mode: "enforce" | "observe";
  /** Milliseconds for all attempts of a call together. */
  readonly deadline: number;
  readonly limits: {
    readonly body: number;
    readonly answer: number;
    readonly commit: number;
    readonly keepAlive: number;
  };
}
