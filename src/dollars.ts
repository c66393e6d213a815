import { dollar } from "./config/units.ts";

/** Pico-dollars as text, exact: at least six decimals, more only where they are not zero. `"$0.003100"`. */
export function toDollars(amount: bigint): string {
  const absolute = amount < 0n ? -amount : amount;
  const fraction = String(Number(absolute % dollar)).padStart(12, "0");
  const decimals = fraction.slice(0, 6) + fraction.slice(6).replace(/0{1,6}$/, "");
  return `${amount < 0n ? "-" : ""}$${absolute / dollar}.${decimals}`;
}
