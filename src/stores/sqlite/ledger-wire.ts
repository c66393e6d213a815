import type { Entry } from "../ledger.ts";
import type { Value } from "./driver.ts";

/** `lapse`: nobody settled it in time. */
export type OperationKind = Entry["kind"] | "lapse";

export interface LedgerLine {
  readonly key: string;
  /** Milliseconds since the epoch; `undefined`: never. */
  readonly expiresAt: number | undefined;
}

export interface Operation {
  readonly kind: OperationKind;
  readonly id: string;
  readonly at: number;
  readonly amount: bigint;
  readonly leaseUntil: number | undefined;
  readonly lines: readonly LedgerLine[];
}

const kinds: readonly OperationKind[] = ["reserve", "settle", "lapse"];
/** What a 64-bit column takes. */
const largest = 2n ** 63n - 1n;

const time = (value: number | undefined): number | null =>
  value === undefined || !Number.isFinite(value) ? null : value;

/** @throws RangeError for an amount that a column cannot hold: $9.2 million or more, or less than nothing. */
export function writeOperation(to: Value[], { kind, id, at, amount, leaseUntil, lines }: Operation): void {
  if (amount < 0n || amount > largest) throw new RangeError("an amount in the ledger is out of range");
  to.push(kinds.indexOf(kind), id, at, amount, time(leaseUntil), lines.length);
  for (const { key, expiresAt } of lines) to.push(key, time(expiresAt));
}

export function readOperations(from: readonly Value[]): readonly Operation[] {
  const operations: Operation[] = [];
  let place = 0;
  const next = (): Value => from[place++] as Value;
  while (place < from.length) {
    const kind = kinds[next() as number] as OperationKind;
    const [id, at, amount] = [next() as string, next() as number, next() as bigint];
    const leaseUntil = (next() as number | null) ?? undefined;
    const lines: LedgerLine[] = [];
    for (let left = next() as number; left > 0; left--) {
      lines.push({ key: next() as string, expiresAt: (next() as number | null) ?? undefined });
    }
    operations.push({ kind, id, at, amount, leaseUntil, lines });
  }
  return operations;
}
