import type { Source } from "./source.ts";

/** What a detector reports under: made once per scanner, shared by all its candidates. */
export interface Rule {
  readonly type: string;
  readonly kind: "personal" | "secret";
  readonly action: "mask" | "block" | "flag";
  readonly rule: string;
  /** How certain the detector is. */
  readonly certainty: number;
  /** Action first, then certainty. */
  readonly strength: number;
  /** Made of digits: an overlap with another such rule is two readings of one number, of which only one is right. */
  readonly numeric: boolean;
}

export interface Candidate {
  readonly rule: Rule;
  readonly start: number;
  readonly end: number;
}

/** Takes the range [start, end) of the text that is being scanned. */
export type Report = (rule: Rule, start: number, end: number) => void;
export interface Detector {
  /** Classes of characters without any of which there is nothing to find, and the fewest units of what there is. */
  readonly needs: number;
  readonly shortest: number;
  readonly detect: (source: Source, report: Report) => void;
}

const actionStrength = { block: 64, mask: 32, flag: 0 } as const;
/** From the least certain to the most. */
const certainties = ["PHONE", "LIST", "IP_ADDRESS", "EMAIL", "US_SSN", "CREDIT_CARD", "IBAN", "SECRET"];
const numeric = new Set(["PHONE", "IP_ADDRESS", "US_SSN", "CREDIT_CARD", "IBAN"]);

export function createRule(type: string, action: Rule["action"], rule: string, list = false): Rule {
  const family = list ? "LIST" : type;
  const certainty = certainties.indexOf(family);
  const strength = actionStrength[action] + certainty;
  return {
    type,
    kind: family === "SECRET" ? "secret" : "personal",
    action,
    rule,
    certainty,
    strength,
    numeric: numeric.has(family),
  };
}
