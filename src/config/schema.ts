import { z } from "zod";
import { access, budgets, limits, prices, redaction } from "./sections.ts";
import { routing } from "./sections-routing.ts";
import { models, targets } from "./sections-targets.ts";

const tracing = z
  .strictObject({
    payloads: z
      .enum(["redacted", "metadata", "none"])
      .default("metadata")
      .describe("What a record keeps: redacted texts too, only facts about the call, or no record at all."),
    keep: z.int().min(1).default(1_000).describe("Calls kept by the memory store."),
    line: z.boolean().default(false).describe("One line per call on the logger's info level."),
  })
  .prefault({})
  .describe("What is remembered of a call.");

const store = z.literal("memory").default("memory");
const stores = z
  .strictObject({
    counters: store.describe("Running totals of budgets and rate limits."),
    ledger: store.describe("The account of money."),
    records: store.describe("What is remembered of calls."),
  })
  .prefault({})
  .describe("Where state lives.");

export const schema = z.strictObject({
  targets,
  models,
  access,
  redaction,
  routing,
  prices,
  budgets,
  tracing,
  stores,
  limits,
  mode: z
    .enum(["enforce", "observe"])
    .default("enforce")
    .describe("observe: nothing is edited or refused but what access refuses; what would have been is recorded."),
});

/** What a user writes. */
export type ConfigInput = z.input<typeof schema>;
/** Checked, with defaults; durations in milliseconds, sizes in bytes, money in pico-dollars. */
export type Config = z.output<typeof schema>;

/** The config as a JSON Schema (draft 2020-12), for editors and for the reference. */
export function jsonSchema(): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(schema, { io: "input" });
}
