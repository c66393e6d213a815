import type { ErrorCode } from "../errors.ts";
import type { AttemptOutcome } from "../step.ts";

/** The provider or the way to it failed, as opposed to the request, our policy, or the caller. */
const providerFaults: ReadonlySet<ErrorCode> = new Set([
  "upstream_unreachable",
  "upstream_timeout",
  "upstream_broken",
  "upstream_invalid",
  "upstream_error",
]);

/** Statuses that say "not now": the same request may succeed elsewhere or later. The official SDKs retry the same ones. */
const isTransient = (status: number): boolean => status === 408 || status === 409 || status === 429 || status >= 500;

/** Would the same request fare better elsewhere? An error status that faults the request (400, 401, 404, 413 …) is its answer. */
export function isProviderFault({ result, status, code }: AttemptOutcome): boolean {
  if (result !== "rejected" && result !== "broken") return false;
  if (code === undefined || !providerFaults.has(code)) return false;
  return status === undefined || status < 400 || isTransient(status);
}

/** The provider did its work, be it to say that the request is at fault. */
export function isSound(outcome: AttemptOutcome): boolean {
  if (outcome.result === "answered") return true;
  return outcome.result === "rejected" && (outcome.status ?? 0) >= 400 && !isProviderFault(outcome);
}
