import { Refusal } from "../errors.ts";
import type { Parts } from "../step.ts";

const minute = 60_000;
/** A store that has not answered by then counts as not available. */
const patience = 2_000;

/** Counts one request of a key. Rejects with `rate_limited`, or with `store_unavailable` since the limit protects. */
export function countRequest(key: string, limit: number, { clock, stores }: Parts): Promise<void> {
  const take = async () => stores.counters.take(`requests/${key}`, limit, minute, clock.now());
  return new Promise((resolve, reject) => {
    const unavailable = () => reject(new Refusal("store_unavailable"));
    const cancel = clock.after(patience, unavailable);
    const judge = (wait: number) => {
      if (wait === 0) resolve();
      else if (wait > 0) reject(new Refusal("rate_limited", { limit }, wait));
      else unavailable();
    };
    take().then(judge, unavailable).finally(cancel);
  });
}
