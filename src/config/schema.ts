import { z } from "zod";
import { duration, money, size } from "./units.ts";

const action = z.enum(["mask", "block", "flag", "off"]);
const secretAction = z.enum(["mask", "block", "flag", "off"]);
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$/, "a name of letters, digits and . _ : @ / -");
const attribute = z.enum(["team", "project", "feature", "customer"]);

const target = z.strictObject({
  provider: z.enum(["openai", "anthropic"]),
  /** `env:NAME` or `file:PATH`; without it callers bring their own key. */
  apiKey: z.string().optional(),
  /** Ends in the version segment; the provider's own by default. */
  baseUrl: z.url({ protocol: /^https?$/ }).optional(),
  headers: z.record(z.string(), z.string()).default({}),
  trusted: z.boolean().default(false),
  timeouts: z
    .strictObject({
      connect: duration.default(5_000),
      firstByte: duration.default(120_000),
      idle: duration.default(60_000),
    })
    .prefault({}),
});

const alias = z.strictObject({
  strategy: z.literal("priority").default("priority"),
  targets: z.array(z.strictObject({ target: name, model: z.string().min(1).optional() })).min(1),
});

const key = z.strictObject({
  id: name,
  /** `sha256:` and 64 hex digits, of the key's UTF-8 bytes. */
  hash: z.string().regex(/^sha256:[0-9a-f]{64}$/, "sha256: and 64 lower-case hex digits"),
  team: z.string().min(1).optional(),
  project: z.string().min(1).optional(),
  feature: z.string().min(1).optional(),
  customer: z.string().min(1).optional(),
  /** Attributes that the caller has to name in a header. */
  require: z.array(attribute).default([]),
  /** Attributes that the caller may name in a header, besides the required ones. */
  allow: z.array(attribute).default([]),
  models: z.array(z.string().min(1)).optional(),
  maxOutputTokens: z.int().positive().optional(),
  requestsPerMinute: z.int().positive().optional(),
  expires: z.iso.datetime({ offset: true }).optional(),
});

const list = z.strictObject({
  /** Becomes the placeholder's type, upper-cased: `[CUSTOMER_1]`. */
  name: z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,30}$/, "letters, digits and underscores"),
  /** One entry a line; blank lines and lines that begin with # are skipped. */
  file: z.string().min(1),
  action: action.default("mask"),
});

const redaction = z.strictObject({
  pii: z
    .strictObject({
      email: action.default("mask"),
      phone: action.default("mask"),
      creditCard: action.default("mask"),
      iban: action.default("mask"),
      ipAddress: action.default("mask"),
      usSsn: action.default("mask"),
    })
    .prefault({}),
  /** One action for all formats, or one each under its format's name. */
  secrets: z.union([secretAction, z.record(z.string(), secretAction)]).default("block"),
  lists: z.array(list).default([]),
  /** Values never touched, such as your own support address. Compared exactly. */
  allow: z.array(z.string().min(1)).default([]),
});

const budget = z.strictObject({
  /** Fixed values, or "*" for one budget per value. An empty scope is everybody together. */
  scope: z.partialRecord(z.enum([...attribute.options, "key", "model"]), z.string().min(1)).default({}),
  limit: money,
  window: z.enum(["hour", "day", "month", "total"]).default("month"),
  /** What to reserve for input whose cost cannot be bounded (remote images, files, server-side history); without it such calls are refused. */
  unknown: money.optional(),
  /** One call reserves at most this fraction of what is left: 1/share. */
  share: z.int().min(1).max(1_000).default(10),
});

/** Dollars per million tokens. */
const price = z.strictObject({
  input: money,
  output: money,
  cacheRead: money.optional(),
  cacheWrite: money.optional(),
  cacheWriteLong: money.optional(),
});

const store = z.literal("memory");

export const schema = z.strictObject({
  targets: z.record(name, target).default({}),
  models: z.record(z.string().min(1), alias).default({}),
  access: z
    .strictObject({
      keys: z.array(key).default([]),
      /** May callers bring their own provider key? */
      ownKeys: z.enum(["allow", "refuse"]).default("refuse"),
    })
    .optional(),
  redaction: redaction.prefault({}),
  routing: z
    .strictObject({
      /** One deadline for all attempts of a call. */
      deadline: duration.default(600_000),
      attempts: z.int().min(1).max(20).default(5),
      /** Failures in a row after which a target is passed over for `coolDown`. */
      failures: z.int().min(1).default(3),
      coolDown: duration.default(30_000),
      /** A `retry-after` up to this long is waited for when no other target is left. */
      longestWait: duration.default(10_000),
    })
    .prefault({}),
  /** Overrides by model name as the target knows it, or `target/model`. */
  prices: z.record(z.string().min(1), price).default({}),
  budgets: z.array(budget).default([]),
  tracing: z
    .strictObject({
      payloads: z.enum(["redacted", "metadata", "none"]).default("metadata"),
      /** Calls kept by the memory store. */
      keep: z.int().min(1).default(1_000),
      /** One line per call on the logger's info level. */
      line: z.boolean().default(false),
    })
    .prefault({}),
  stores: z
    .strictObject({
      counters: store.default("memory"),
      ledger: store.default("memory"),
      records: store.default("memory"),
    })
    .prefault({}),
  limits: z
    .strictObject({
      body: size.default(20 * 1_048_576),
      /** Bytes of all calls' request bodies and held-back answers together. */
      inFlight: size.default(512 * 1_048_576),
      /** A whole (not streamed) answer. */
      answer: size.default(64 * 1_048_576),
      /** Calls at once. */
      calls: z.int().positive().default(10_000),
      /** Silence after which a committed stream gets a comment. */
      keepAlive: duration.default(15_000),
      /** A stream whose first byte came commits after this long, content or not. */
      commit: duration.default(10_000),
    })
    .prefault({}),
  mode: z.enum(["enforce", "observe"]).default("enforce"),
});

/** What a user writes. */
export type ConfigInput = z.input<typeof schema>;
/** Checked, with defaults; durations in milliseconds, sizes in bytes, money in pico-dollars. */
export type Config = z.output<typeof schema>;
