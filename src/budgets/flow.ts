import { type Refusal, toRefusal } from "../errors.ts";
import type { AttemptContext, AttemptHooks } from "../step.ts";
import type { Denial } from "../stores/counters.ts";
import type { Account } from "./account.ts";
import { coveredBy, margin, type Need, streamWant } from "./needs.ts";

/**
 * Bytes that may pass while an answer of the store is awaited: one read of a socket, which is handled without a pause. The provider has
 * generated them already, so holding them back would save nothing.
 */
const runAhead = 65_536;

/**
 * Keeps a stream's reservation ahead of what flows, and cuts the stream where the money ends. It asks for more when half of its lead is
 * used up and, refused, again as the flow goes on, since other calls may have settled meanwhile.
 */
export function createFlow(
  attempt: AttemptContext,
  account: Account,
  need: Need,
  refuse: (denial: Denial) => Refusal,
): { readonly event: NonNullable<AttemptHooks["event"]>; close(): void } {
  const lead = margin(need);
  let covered = coveredBy(need, account.held);
  let askAt = covered - lead;
  let growing = false;
  let over = false;
  let failure: Refusal | undefined;

  const flowed = (): number => Math.min(attempt.flowed, need.longest);

  const cut = (refusal: Refusal): void => {
    if (over) return;
    over = true;
    attempt.cut(refusal);
  };

  const extend = async (): Promise<Refusal | undefined> => {
    try {
      const denial = await account.hold(streamWant(need, Math.max(flowed(), covered)));
      covered = coveredBy(need, account.held);
      return denial && refuse(denial);
    } catch (cause) {
      failure = toRefusal(cause);
      return failure;
    }
  };

  const grow = async (): Promise<void> => {
    growing = true;
    failure = undefined;
    let refusal: Refusal | undefined;
    do refusal = await extend();
    while (refusal === undefined && flowed() > covered && !over);
    growing = false;
    askAt = refusal === undefined ? covered - lead : flowed() + lead / 8;
    if (refusal !== undefined && flowed() > covered) cut(refusal);
  };

  const watch = (): void => {
    const now = flowed();
    const late = now - covered;
    if (late > 0 && !growing && failure !== undefined) cut(failure);
    if (late > runAhead) cut(refuse({ denied: account.tightest?.key ?? "", left: 0n }));
    if (!growing && !over && covered < need.longest && (now > askAt || late > 0)) void grow();
  };

  return {
    event(event, emit) {
      // What its final usage costs is known, and spent: nothing is left to cut.
      if (!attempt.usage.final) watch();
      if (!over) emit(event);
    },
    close() {
      over = true;
    },
  };
}
