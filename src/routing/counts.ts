import type { Clock } from "../step.ts";

/** How often something happened lately, and how often something of note was part of it. */
export interface Counts {
  readonly all: number;
  readonly noted: number;
  /** Either number may be 0. */
  add(all: number, noted: number): void;
}

const slots = 10;

/** Counts over the last `span` milliseconds, in ten slots: what is older is forgotten a tenth of the span at a time. */
export function createCounts(span: number, clock: Clock): Counts {
  const all = new Array<number>(slots).fill(0);
  const noted = new Array<number>(slots).fill(0);
  let newest = 0;

  const slotNow = (): number => {
    const now = Math.floor((clock.ticks() * slots) / span);
    for (let left = Math.min(slots, now - newest); left > 0; left--) {
      all[(now - left + 1) % slots] = 0;
      noted[(now - left + 1) % slots] = 0;
    }
    newest = now;
    return now % slots;
  };
  const sum = (counts: readonly number[]): number => {
    slotNow();
    return counts.reduce((total, count) => total + count, 0);
  };

  return {
    get all() {
      return sum(all);
    },
    get noted() {
      return sum(noted);
    },
    add(one, other) {
      const slot = slotNow();
      all[slot] = (all[slot] as number) + one;
      noted[slot] = (noted[slot] as number) + other;
    },
  };
}
