import { z } from "zod";

const durationUnits = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const sizeUnits = { B: 1, KB: 1_024, MB: 1_048_576, GB: 1_073_741_824 } as const;

/** Pico-dollars in a dollar: money is a `bigint` of 10⁻¹² $ everywhere. */
export const dollar = 1_000_000_000_000n;

/** A timer of Node fires at once when it is set to more. */
const longestTimer = 2_147_483_647;

const written = (pattern: RegExp, expected: string) => z.string({ error: expected }).regex(pattern, expected);

/** `"10s"`, `"500ms"`, `"24d"` to milliseconds that a timer can wait. */
export const duration = written(
  /^\d{1,10}(ms|s|m|h|d)$/,
  'expected a duration such as "500ms", "10s", "5m", "1h" or "7d"',
)
  .transform((text) => {
    const unit = text.replace(/\d+/, "") as keyof typeof durationUnits;
    return Number.parseInt(text, 10) * durationUnits[unit];
  })
  .refine(
    (milliseconds) => milliseconds >= 1 && milliseconds <= longestTimer,
    'expected a duration from "1ms" to "24d"',
  );

/** Milliseconds as a user would write them, in the largest unit that divides them. */
export function durationText(milliseconds: number): string {
  const [unit, length] = Object.entries(durationUnits).findLast(([, length]) => milliseconds % length === 0) ?? [
    "ms",
    1,
  ];
  return `${milliseconds / length}${unit}`;
}

/** `"10 MB"` to bytes; binary multiples. */
export const size = written(/^\d{1,9} ?(B|KB|MB|GB)$/, 'expected a size such as "64 KB" or "10 MB"')
  .transform((text) => {
    const unit = text.replace(/[\d ]+/, "") as keyof typeof sizeUnits;
    return Number.parseInt(text, 10) * sizeUnits[unit];
  })
  .refine((bytes) => bytes >= 1 && Number.isSafeInteger(bytes), 'expected a size from "1 B" to "8388607 GB"');

/** `"20%"` to 0.2. */
export const share = written(/^\d{1,3}%$/, 'expected a share such as "20%"')
  .transform((text) => Number.parseInt(text, 10) / 100)
  .refine((part) => part > 0 && part <= 1, 'expected a share from "1%" to "100%"');

/** `"$200"`, `"$0.05"` to pico-dollars. */
export const money = written(
  /^\$\d{1,12}(\.\d{1,12})?$/,
  'expected an amount of dollars such as "$200" or "$0.05"',
).transform(toPicoDollars);

/** Exact: no float is involved. */
export function toPicoDollars(text: string): bigint {
  const [whole = "0", fraction = ""] = text.replace("$", "").split(".");
  return BigInt(whole) * dollar + BigInt(fraction.padEnd(12, "0"));
}
