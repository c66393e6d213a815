import { z } from "zod";
import { attributeNames, isAttributeValue } from "./names.ts";
import { promptName } from "./sections-prompts.ts";
import { name, record, region } from "./shapes.ts";
import { duration, money, size } from "./units.ts";

const action = z.enum(["mask", "block", "flag", "off"]);
const attribute = z.enum(attributeNames);
const attributeValue = z
  .string()
  .refine(isAttributeValue, "expected 1 to 128 printable ASCII characters, other than *");

const key = z.strictObject({
  id: name.describe("Names the key in records and budgets."),
  hash: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/, "expected sha256: and 64 lower-case hex digits")
    .describe("SHA-256 of the virtual key's bytes: sha256: and 64 lower-case hex digits."),
  team: attributeValue.optional().describe("Fixes the team."),
  project: attributeValue.optional().describe("Fixes the project."),
  feature: attributeValue.optional().describe("Fixes the feature."),
  customer: attributeValue.optional().describe("Fixes the customer."),
  require: z.array(attribute).default([]).describe("Attributes that the caller has to name in an x-postern- header."),
  allow: z.array(attribute).default([]).describe("Attributes that the caller may name, besides the required ones."),
  models: z.array(z.string().min(1)).optional().describe("Models and aliases that may be asked for; by default all."),
  prompts: z
    .array(z.union([z.literal("*"), promptName]))
    .default([])
    .describe('Prompts that may be asked for, "*" for all; by default none.'),
  region: region.optional().describe("Pins every call of the key: it never reaches a target of another region."),
  maxOutputTokens: z.int().positive().optional().describe("Output tokens of one call at most."),
  requestsPerMinute: z.int().positive().optional().describe("Requests in a minute at most."),
  expires: z.iso
    .datetime({ offset: true, error: "expected a time such as 2027-01-31T00:00:00Z" })
    .optional()
    .describe("The time from which the key is refused."),
});

export const access = z
  .strictObject({
    keys: z.array(key).default([]).describe("Virtual keys that this gateway knows."),
    ownKeys: z
      .enum(["allow", "refuse"])
      .default("refuse")
      .describe("May callers bring their own provider key? It goes to that provider's own address only."),
  })
  .optional()
  .describe("Who may call. Without it every caller brings its own provider key.");

const list = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_]{0,30}$/, "expected a letter, then at most 30 letters, digits and underscores")
    .describe("Becomes the placeholder's type, upper-cased: customer gives [CUSTOMER_1]."),
  file: z.string().min(1).describe("One entry a line; blank lines and lines that begin with # are skipped."),
  action: action.default("mask").describe("What to do with an entry that is found."),
});

const pii = z.strictObject({
  email: action.default("mask").describe("E-mail addresses."),
  phone: action.default("mask").describe("Phone numbers."),
  creditCard: action.default("mask").describe("Card numbers that pass the Luhn check."),
  iban: action.default("mask").describe("Bank account numbers that pass the mod 97 check."),
  ipAddress: action.default("mask").describe("IPv4 and IPv6 addresses."),
  usSsn: action.default("mask").describe("US social security numbers."),
});

export const redaction = z
  .strictObject({
    pii: pii.prefault({}).describe("What to do with each kind of personal data: mask, block, flag or off."),
    secrets: z
      .union([action, z.record(z.string(), action)])
      .default("block")
      .describe(
        "What to do with secrets: one action for all formats, or one by format's name; those not named are blocked.",
      ),
    lists: z.array(list).default([]).describe("Your own records, such as customer names, matched exactly."),
    allow: z
      .array(z.string().min(1))
      .default([])
      .describe("Values that are never touched, such as your own support address; compared exactly."),
  })
  .prefault({})
  .describe("What must not leave.");

const scope = z.enum([...attributeNames, "key", "model"]);
const scopeValue = z
  .string()
  .refine((text) => text === "*" || isAttributeValue(text), 'expected "*" or at most 128 printable ASCII characters');

const budget = z.strictObject({
  scope: z
    .partialRecord(scope, scopeValue)
    .default({})
    .describe('Fixed values, or "*" for one budget per value. An empty scope is everybody together.'),
  limit: money.describe("Dollars in one window."),
  window: z.enum(["hour", "day", "month", "total"]).default("month").describe("When it starts anew, in UTC."),
  unknown: money
    .optional()
    .describe(
      "What to reserve for input whose cost cannot be bounded, such as files; without it such calls are refused.",
    ),
  share: z.int().min(1).max(1_000).default(10).describe("One call reserves at most 1/share of what is left."),
});
export const budgets = z.array(budget).default([]).describe("Hard limits on spending. All that match a call apply.");

const uses = z
  .strictObject({
    answer: money.optional().describe("Answers, whatever is in them."),
    webSearch: money.optional().describe("Searches of the web."),
    webFetch: money.optional().describe("Pages fetched."),
    codeExecution: money.optional().describe("Runs of code at the provider."),
    searchSource: money.optional().describe("Sources that a search used, where the provider charges by them."),
  })
  .describe("Dollars per thousand uses of what is charged by the piece; what is left out is as the provider lists it.");

const price = z
  .strictObject({
    input: money.describe("Input."),
    output: money.describe("Output."),
    cacheRead: money.optional().describe("Input read from the provider's cache."),
    cacheWrite: money.optional().describe("Input written to the provider's cache."),
    cacheWriteLong: money.optional().describe("Input written to the provider's cache for an hour."),
    uses: uses.optional(),
  })
  .describe("Dollars per million tokens.");
export const prices = record(z.string().min(1), price)
  .prefault({})
  .describe("Prices of your own, by model name as the target knows it, or target/model.");

export const limits = z
  .strictObject({
    body: size.prefault("20 MB").describe("A request's body."),
    inFlight: size.prefault("512 MB").describe("Bytes of all calls' request bodies and held-back answers together."),
    answer: size.prefault("64 MB").describe("A whole (not streamed) answer."),
    calls: z.int().positive().default(10_000).describe("Calls at once."),
    keepAlive: duration.prefault("15s").describe("Silence after which a committed stream gets a comment."),
    commit: duration
      .prefault("10s")
      .describe("A stream whose first byte came commits after this long, content or not."),
  })
  .prefault({})
  .describe("What one gateway takes on.");
