import type { Dialect } from "../dialects/dialect.ts";
import type { Parts, Step } from "../step.ts";
import type { Gauge } from "./gauge.ts";
import type { PlainNames } from "./plain-names.ts";

/** One generation of a gateway: a reload makes a new one, running calls keep theirs. */
export interface Engine {
  readonly parts: Parts;
  readonly dialects: readonly Dialect[];
  readonly steps: readonly Step[];
  readonly gauge: Gauge;
  readonly names: PlainNames;
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
