import { z } from "zod";

const durationUnits = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const sizeUnits = { B: 1, KB: 1_024, MB: 1_048_576, GB: 1_073_741_824 } as const;

/** Pico-dollars in a dollar: money is a `bigint` of 10⁻¹² $ everywhere. */
export const dollar = 1_000_000_000_000n;

/** `"10s"`, `"500ms"`, `"30d"` to milliseconds. */
export const duration = z
  .string()
  .regex(/^\d+(ms|s|m|h|d)$/, 'a duration such as "500ms", "10s", "5m", "1h" or "30d"')
  .transform((text) => {
    const unit = text.replace(/\d+/, "") as keyof typeof durationUnits;
    return Number.parseInt(text, 10) * durationUnits[unit];
  });

/** `"10 MB"` to bytes; binary multiples. */
export const size = z
  .string()
  .regex(/^\d+ ?(B|KB|MB|GB)$/, 'a size such as "64 KB" or "10 MB"')
  .transform((text) => {
    const unit = text.replace(/[\d ]+/, "") as keyof typeof sizeUnits;
    return Number.parseInt(text, 10) * sizeUnits[unit];
  });

/** `"$200"`, `"$0.05"` to pico-dollars. */
export const money = z
  .string()
  .regex(/^\$\d+(\.\d{1,12})?$/, 'an amount of dollars such as "$200" or "$0.05"')
  .transform(toPicoDollars);

/** Exact: no float is involved. */
export function toPicoDollars(text: string): bigint {
  const [whole = "0", fraction = ""] = text.replace("$", "").split(".");
  return BigInt(whole) * dollar + BigInt(fraction.padEnd(12, "0"));
}
