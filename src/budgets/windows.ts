import type { Config } from "../config/schema.ts";

export type WindowKind = Config["budgets"][number]["window"];

/** One span of UTC time that a budget covers, in milliseconds since the epoch. */
export interface Window {
  /** `2026-11-24T13`, `2026-11-24`, `2026-11`, or `total`. */
  readonly name: string;
  readonly beginsAt: number;
  /** `Infinity` for `total`. */
  readonly endsAt: number;
}

const total: Window = { name: "total", beginsAt: Number.NEGATIVE_INFINITY, endsAt: Number.POSITIVE_INFINITY };

/** The window that holds an instant (milliseconds since the epoch). */
export function windowAt(kind: WindowKind, now: number): Window {
  if (kind === "total") return total;
  const date = new Date(now);
  const [year, month, day, hour] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), date.getUTCHours()];
  const iso = date.toISOString();
  if (kind === "hour") {
    return {
      name: iso.slice(0, 13),
      beginsAt: Date.UTC(year, month, day, hour),
      endsAt: Date.UTC(year, month, day, hour + 1),
    };
  }
  if (kind === "day") {
    return { name: iso.slice(0, 10), beginsAt: Date.UTC(year, month, day), endsAt: Date.UTC(year, month, day + 1) };
  }
  return { name: iso.slice(0, 7), beginsAt: Date.UTC(year, month), endsAt: Date.UTC(year, month + 1) };
}
