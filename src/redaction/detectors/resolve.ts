import type { Candidate } from "./candidate.ts";

/**
 * Sorts candidates by place and settles overlaps, so that what is left never overlaps and no part of a value that is masked or
 * blocked stays in clear. Linear but for the sort: candidates of one strength are merged at a time, the strongest first.
 */
export function resolve(candidates: Candidate[]): readonly Candidate[] {
  if (candidates.length < 2) return candidates;
  candidates.sort((a, b) => a.start - b.start || b.end - a.end);
  if (!overlapping(candidates)) return candidates;
  const strengths = [...new Set(candidates.map((candidate) => candidate.rule.strength))].sort((a, b) => b - a);
  let accepted: readonly Candidate[] = [];
  for (const strength of strengths) {
    accepted = merge(
      accepted,
      candidates.filter((candidate) => candidate.rule.strength === strength),
    );
  }
  return accepted;
}

function overlapping(sorted: readonly Candidate[]): boolean {
  let end = 0;
  for (const candidate of sorted) {
    if (candidate.start < end) return true;
    end = candidate.end;
  }
  return false;
}

function merge(left: readonly Candidate[], right: readonly Candidate[]): readonly Candidate[] {
  const merged: Candidate[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    const a = left[i];
    const b = right[j];
    const next = (a !== undefined && (b === undefined || a.start <= b.start) ? left[i++] : right[j++]) as Candidate;
    const last = merged.at(-1);
    if (last !== undefined && next.start < last.end) merged[merged.length - 1] = combine(last, next);
    else merged.push(next);
  }
  return merged;
}

function combine(first: Candidate, second: Candidate): Candidate {
  const [strong, weak] = stronger(first, second) ? [first, second] : [second, first];
  if (weak.start >= strong.start && weak.end <= strong.end) return strong;
  if (weak.rule.action === "flag" && strong.rule.action !== "flag") return strong;
  const contains = weak.start <= strong.start && weak.end >= strong.end;
  if (contains && weak.rule.action === strong.rule.action && weak.rule.kind === strong.rule.kind) return weak;
  if (weak.rule.numeric && strong.rule.numeric) return strong;
  return { rule: strong.rule, start: Math.min(first.start, second.start), end: Math.max(first.end, second.end) };
}

function stronger(a: Candidate, b: Candidate): boolean {
  const difference = a.rule.strength - b.rule.strength;
  return difference > 0 || (difference === 0 && a.end - a.start >= b.end - b.start);
}
