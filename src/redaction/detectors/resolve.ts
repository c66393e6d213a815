import type { Candidate, Rule } from "./candidate.ts";

/**
 * Sorts candidates by place and settles overlaps. Two readings of one number: the more certain one is right, whatever their actions.
 * Everything else: no part of a value that is masked or blocked stays in clear.
 */
export function resolve(candidates: Candidate[]): readonly Candidate[] {
  if (candidates.length < 2) return candidates;
  candidates.sort((a, b) => a.start - b.start || b.end - a.end);
  if (!overlapping(candidates)) return candidates;
  const numbers = candidates.filter(({ rule }) => rule.numeric);
  const others = candidates.filter(({ rule }) => !rule.numeric);
  const read = settle(
    numbers,
    ({ certainty }) => certainty,
    (strong) => strong,
  );
  return settle([...read, ...others], ({ strength }) => strength, cover);
}

function overlapping(sorted: readonly Candidate[]): boolean {
  let end = 0;
  for (const candidate of sorted) {
    if (candidate.start < end) return true;
    end = candidate.end;
  }
  return false;
}

type Combine = (strong: Candidate, weak: Candidate) => Candidate;

/** Merges candidates of one strength at a time, the strongest first, each group sorted: linear, since there are few strengths. */
function settle(
  candidates: readonly Candidate[],
  strength: (rule: Rule) => number,
  combine: Combine,
): readonly Candidate[] {
  const groups = new Map<number, Candidate[]>();
  for (const candidate of candidates) {
    const group = groups.get(strength(candidate.rule));
    if (group === undefined) groups.set(strength(candidate.rule), [candidate]);
    else group.push(candidate);
  }
  let accepted: readonly Candidate[] = [];
  for (const key of [...groups.keys()].sort((a, b) => b - a))
    accepted = merge(accepted, groups.get(key) ?? [], strength, combine);
  return accepted;
}

function merge(
  left: readonly Candidate[],
  right: readonly Candidate[],
  strength: (rule: Rule) => number,
  combine: Combine,
): readonly Candidate[] {
  const merged: Candidate[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    const a = left[i];
    const b = right[j];
    const next = (a !== undefined && (b === undefined || a.start <= b.start) ? left[i++] : right[j++]) as Candidate;
    const last = merged.at(-1);
    if (last === undefined || next.start >= last.end) merged.push(next);
    else {
      const difference = strength(last.rule) - strength(next.rule) || last.end - last.start - (next.end - next.start);
      merged[merged.length - 1] = difference >= 0 ? combine(last, next) : combine(next, last);
    }
  }
  return merged;
}

/** One candidate in place of two that overlap, so that whatever either hides stays hidden. */
function cover(strong: Candidate, weak: Candidate): Candidate {
  if (weak.start >= strong.start && weak.end <= strong.end) return strong;
  if (weak.rule.action === "flag" && strong.rule.action !== "flag") return strong;
  const contains = weak.start <= strong.start && weak.end >= strong.end;
  if (contains && weak.rule.action === strong.rule.action && weak.rule.kind === strong.rule.kind) return weak;
  return { rule: strong.rule, start: Math.min(strong.start, weak.start), end: Math.max(strong.end, weak.end) };
}
