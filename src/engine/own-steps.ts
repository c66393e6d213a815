import type { Step } from "../step.ts";

export type StepName = "access" | "prompts" | "redaction" | "routing" | "metering" | "budgets" | "tracing";

/** A step of one's own, put right after (or before) one of ours: the place is the policy. */
export type OwnStep = { readonly step: Step } & ({ readonly after: StepName } | { readonly before: StepName });

export function withOwn(steps: readonly Step[], own: readonly OwnStep[]): readonly Step[] {
  const all = [...steps];
  for (const entry of own) {
    const place = "after" in entry ? entry.after : entry.before;
    const index = all.findIndex((step) => step.name === place);
    all.splice("after" in entry ? index + 1 : index, 0, entry.step);
  }
  return all;
}
