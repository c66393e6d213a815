import { type ErrorCode, Refusal } from "../errors.ts";
import type { FindingAction, FindingCount } from "../facts.ts";

/** What was found in one call, by type and action: counts, never values. */
export interface Findings {
  /** Live: grows as more is found. */
  readonly counts: readonly FindingCount[];
  add(type: string, action: FindingAction): void;
}

export function createFindings(): Findings {
  const counts: { type: string; action: FindingAction; count: number }[] = [];
  return {
    counts,
    add(type, action) {
      const known = counts.find((one) => one.type === type && one.action === action);
      if (known) known.count++;
      else counts.push({ type, action, count: 1 });
    },
  };
}

/** `EMAIL=2, IBAN=1`; `undefined` where nothing was found. */
export function renderFindings(counts: readonly FindingCount[]): string | undefined {
  const byType = new Map<string, number>();
  for (const { type, count } of counts) byType.set(type, (byType.get(type) ?? 0) + count);
  return byType.size === 0 ? undefined : [...byType].map(([type, count]) => `${type}=${count}`).join(", ");
}

const reasons = ["secret_blocked", "personal_data_blocked", "unmaskable"] as const satisfies readonly ErrorCode[];
export type Reason = (typeof reasons)[number];

/** Why one part of a request must not pass: collected to its end, so that every count is complete, then thrown at once. */
export interface Objections {
  /** `place` is shown to the caller: a name of ours, never text of the request. */
  add(reason: Reason, type: string, place: string): void;
  /** Throws the gravest as a `Refusal` with its counts by type and the first place. */
  raise(): void;
}

export function createObjections(): Objections {
  const details = new Map<Reason, Record<string, string | number>>();
  return {
    add(reason, type, place) {
      const detail = details.get(reason) ?? { place };
      detail[type] = Number(detail[type] ?? 0) + 1;
      details.set(reason, detail);
    },
    raise() {
      for (const reason of reasons) {
        const detail = details.get(reason);
        if (detail) throw new Refusal(reason, detail);
      }
    },
  };
}
