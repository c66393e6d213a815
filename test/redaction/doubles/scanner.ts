import type { Match, Scanner } from "../../../src/redaction/detectors/scanner.ts";

type Action = Match["action"];

export interface Pattern {
  readonly type: string;
  readonly pattern: RegExp;
  readonly kind?: Match["kind"];
  readonly action?: Action;
}

export const email: Pattern = { type: "EMAIL", pattern: /[a-z0-9.]+@[a-z0-9]+\.[a-z]+/gi };
export const phone: Pattern = { type: "PHONE", pattern: /\+?[0-9]{9,12}/g };
export const secret: Pattern = { type: "SECRET", kind: "secret", pattern: /sk-[a-z0-9]{8}/g };
/** Values with everything that a JSON string has to escape. */
export const customer: Pattern = { type: "CUSTOMER", pattern: /<<.*?>>/gs };

/** A scanner that finds what simple patterns say; where two overlap, the earlier pattern wins. */
export function scannerOf(...patterns: readonly Pattern[]): Scanner {
  return {
    scan(text) {
      const found: Match[] = [];
      for (const { type, pattern, kind = "personal", action = "mask" } of patterns) {
        for (const match of text.matchAll(pattern)) {
          const [start, end] = [match.index, match.index + match[0].length];
          if (found.some((other) => start < other.end && other.start < end)) continue;
          found.push({ start, end, type, kind, action, rule: type.toLowerCase() });
        }
      }
      return found.sort((a, b) => a.start - b.start);
    },
  };
}
