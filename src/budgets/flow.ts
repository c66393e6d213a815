import { type Refusal, toRefusal } from "../errors.ts";
import type { AttemptContext, AttemptHooks } from "../step.ts";
import type { Denial } from "../stores/counters.ts";
import type { Account } from "./account.ts";
import { coveredBy, type Need, streamWant } from "./needs.ts";

/**
 * Bytes that may pass while an answer of a remote store is awaited: one read of a socket, which is handled without a pause. The provider
 * has generated them already, so holding them back would save nothing.
 */
const runAhead = 65_536;

/**
 * Keeps a stream's reservation ahead of what flows, and cuts the stream where the money ends. It asks for more when three quarters of its
 * lead are used up and, refused, again as the flow goes on, since other calls may have settled meanwhile. With counters in this process
 * nothing ever passes that is not held.
 */
export function createFlow(
  attempt: AttemptContext,
  account: Account,
  need: Need,
  refuse: (denial: Denial) => Refusal,
): { readonly event: NonNullable<AttemptHooks["event"]>; close(): void } {
  let covered = 0;
  let askAt = 0;
  let growing = false;
  let over = false;
  let failure: Refusal | undefined;

  const flowed = (): number => Math.min(attempt.flowed, need.longest);

  const cut = (refusal: Refusal): void => {
    if (over) return;
    over = true;
    attempt.cut(refusal);
  };

  const cover = (): void => {
    covered = coveredBy(need, account.held);
    askAt = covered - Math.max(0, covered - flowed()) / 4;
  };

  const extend = async (): Promise<Refusal | undefined> => {
    try {
      const denial = await account.hold(streamWant(need, Math.max(flowed(), covered)));
      cover();
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
    if (refusal !== undefined && flowed() > covered) cut(refusal);
  };

  /** Holds what has flowed already, at once; where the counters are elsewhere, what is asked for has to come in time. */
  const catchUp = (): void => {
    while (flowed() > covered && !over) {
      const answer = account.holdNow(streamWant(need, flowed()));
      if (answer === undefined) break;
      if (answer === "held") cover();
      else cut(refuse(answer));
    }
    if (flowed() > covered && !growing && failure !== undefined) cut(failure);
    if (flowed() - covered > runAhead) cut(refuse({ denied: account.tightest?.key ?? "", left: 0n }));
  };

  const watch = (): void => {
    if (flowed() > covered) catchUp();
    if (!growing && !over && covered < need.longest && flowed() > askAt) void grow();
  };

  cover();
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
