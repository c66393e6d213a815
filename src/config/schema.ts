import { z } from "zod";
import { access, budgets, limits, prices, redaction } from "./sections.ts";
import { passThrough } from "./sections-pass-through.ts";
import { prompts } from "./sections-prompts.ts";
import { routing } from "./sections-routing.ts";
import { models, targets } from "./sections-targets.ts";
import { duration } from "./units.ts";

const tracing = z
  .strictObject({
    payloads: z
      .enum(["redacted", "metadata", "none"])
      .default("metadata")
      .describe("What a record keeps: redacted texts too, only facts about the call, or no record at all."),
    keep: z.int().min(1).default(1_000).describe("Calls kept by the memory store."),
    retention: duration.optional().describe("How long records in a file are kept; by default for ever."),
    line: z.boolean().default(false).describe("One line per call on the logger's info level."),
  })
  .prefault({})
  .describe("What is remembered of a call.");

const memory = z.literal("memory");
const file = z.string().regex(/^sqlite:./, "expected memory, or sqlite: and the path of a file");
const place = z
  .union([memory, file], { error: "expected memory, or sqlite: and the path of a file" })
  .default("memory");
const stores = z
  .strictObject({
    counters: memory.default("memory").describe("Running totals of budgets and rate limits."),
    ledger: place.describe("The account of money: memory forgets it with the process, sqlite:PATH keeps it."),
    records: place.describe("What is remembered of calls: in memory, or in sqlite:PATH."),
  })
  .prefault({})
  .describe("Where state lives.");

export const schema = z.strictObject({
  targets,
  models,
  access,
  prompts,
  redaction,
  routing,
  prices,
  budgets,
  tracing,
  stores,
  limits,
  passThrough,
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
