import { type OwnStep, Refusal, type Step } from "../../src/index.ts";

/** A step of one's own: refuses models that are not released in this house, and marks every answer. */
export function houseRules(unreleased: ReadonlySet<string>): OwnStep {
  const step: Step = {
    name: "house-rules",
    open: (call) => ({
      request() {
        if (unreleased.has(call.ask.model)) throw new Refusal("model_not_found", { rule: "house" });
      },
      answer: () => ({ "x-house-rules": "checked" }),
    }),
  };
  // The place is the policy: below redaction a step sees placeholders only.
  return { after: "redaction", step };
}
