import type { Config } from "../config/schema.ts";

export type WindowKind = Config["budgets"][number]["window"];

/** One span of UTC time that a budget covers. */
export interface Window {
  /** `2026-11-24T13`, `2026-11-24`, `2026-11`, or `total`. */
  readonly name: string;
  /** Milliseconds since the epoch; `Infinity` for `total`. */
  readonly endsAt: number;
}

/** The window that holds an instant (milliseconds since the epoch). */
export function windowAt(kind: WindowKind, now: number): Window {
  if (kind === "total") return { name: "total", endsAt: Number.POSITIVE_INFINITY };
  const date = new Date(now);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  const iso = date.toISOString();
  if (kind === "hour") return { name: iso.slice(0, 13), endsAt: Date.UTC(year, month, day, date.getUTCHours() + 1) };
  if (kind === "day") return { name: iso.slice(0, 10), endsAt: Date.UTC(year, month, day + 1) };
  return { name: iso.slice(0, 7), endsAt: Date.UTC(year, month + 1) };
}
