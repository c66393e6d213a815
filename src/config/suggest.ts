/** What somebody who wrote `text` most likely meant; `undefined` where nothing is near. */
export function nearest(text: string, known: readonly string[]): string | undefined {
  if (text.length > 64) return undefined;
  let best: string | undefined;
  let least = Math.max(2, Math.floor(text.length / 3)) + 1;
  for (const candidate of known) {
    const steps = distance(text.toLowerCase(), candidate.toLowerCase());
    if (steps < least && steps < candidate.length) {
      best = candidate;
      least = steps;
    }
  }
  return best;
}

/** "did you mean …?" where something is near, else everything that is known. */
export function choose(text: unknown, known: readonly string[], kind: string): string {
  const near = typeof text === "string" ? nearest(text, known) : undefined;
  if (near !== undefined) return `did you mean "${near}"?`;
  return known.length === 0 ? `there are no ${kind}` : `${kind}: ${known.join(", ")}`;
}

/** Levenshtein distance, two neighbours swapped counting as one step. */
function distance(from: string, to: string): number {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const change = from[i - 1] === to[j - 1] ? 0 : 1;
      let steps = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + change);
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        steps = Math.min(steps, (before[j - 2] ?? 0) + 1);
      }
      next.push(steps);
    }
    before = row;
    row = next;
  }
  return row[to.length] ?? 0;
}
