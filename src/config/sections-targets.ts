import { z } from "zod";
import { attributeNames } from "./names.ts";
import { isReference, toSecret } from "./secrets.ts";
import { name, record, region } from "./shapes.ts";
import { defaultTimeouts } from "./targets.ts";
import { duration, durationText } from "./units.ts";

/** How a server that is nearly OpenAI's or Anthropic's is reached. */
const wire = {
  auth: z
    .enum(["bearer", "api-key", "x-api-key", "none"])
    .optional()
    .describe(
      "How the key is shown: as authorization: Bearer, in the header api-key (Azure) or x-api-key, or not at all. By default as the provider wants it.",
    ),
  path: z
    .string()
    .regex(
      /^(?:\/(?!\.{1,2}(?:\/|$))(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|\{model\})+)+$/,
      "expected a path such as /deployments/{model}/chat/completions",
    )
    .optional()
    .describe("Where chats go below baseUrl; {model} stands for the model's name. By default as the provider has it."),
  query: z
    .record(z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, "expected a query key such as api-version"), z.string())
    .default({})
    .describe("Query to add to every request, such as api-version."),
  headers: z
    .record(
      z.string(),
      z.string().transform((text) => (isReference(text) ? toSecret(text) : text)),
    )
    .prefault({})
    .describe("Headers to add to every request, such as openai-organization; a secret one as env:NAME or file:PATH."),
  streamUsage: z
    .boolean()
    .default(true)
    .describe("May a stream be asked to tell its usage (stream_options)? Some servers refuse to be."),
  maxTokensField: z
    .enum(["max_tokens", "max_completion_tokens"])
    .optional()
    .describe("The one name under which the server takes the limit of output tokens. By default as the model has it."),
};

const target = z.strictObject({
  provider: z
    .enum(["openai", "anthropic"])
    .describe("Whose wire the target speaks; openai stands for everything compatible with it."),
  apiKey: z
    .string()
    .min(1)
    .transform(toSecret)
    .optional()
    .describe("The operator's key, as env:NAME or file:PATH. Without it callers bring their own key."),
  baseUrl: z
    .url({ protocol: /^https?$/, error: "expected an http or https URL" })
    .optional()
    .describe("Where to send; ends in the version segment. By default the provider's own address."),
  ...wire,
  region: region
    .optional()
    .describe("Where the target processes what it gets. Calls that are pinned to a region reach targets of it alone."),
  losses: z
    .enum(["name", "refuse"])
    .default("name")
    .describe("When a call cannot be translated for it whole: name what is lost, or refuse and try the next target."),
  trusted: z.boolean().default(false).describe("It may get personal data unmasked; secrets never."),
  timeouts: z
    .strictObject({
      connect: duration.prefault(durationText(defaultTimeouts.connect)).describe("Until the connection stands."),
      firstByte: duration
        .prefault(durationText(defaultTimeouts.firstByte))
        .describe("Until the first byte of the answer."),
      idle: duration.prefault(durationText(defaultTimeouts.idle)).describe("Between two chunks of an answer."),
    })
    .prefault({})
    .describe("How long to wait for this target."),
});

const place = z.strictObject({
  target: name.describe("The name of a target."),
  model: z.string().min(1).optional().describe("What the model is called there; by default as the caller named it."),
  weight: z
    .number()
    .min(0, "expected a weight from 0 to 1000000")
    .max(1_000_000, "expected a weight from 0 to 1000000")
    .default(1)
    .describe("Its share of the calls, beside the others' weights; 0: only when the others fail."),
});

const stickyKeys = new Set<string>([...attributeNames, "key"]);
const stickyBy = z
  .string()
  .refine(
    (text) => stickyKeys.has(text) || /^header:[a-z0-9-]{1,64}$/.test(text),
    'expected customer, team, project, feature, key, or a header such as "header:x-session-id"',
  );

const alias = z.strictObject({
  strategy: z
    .enum(["priority", "weighted", "sticky"])
    .default("priority")
    .describe(
      "priority: in order. weighted: drawn by weight. sticky: calls that belong together (stickyBy) stay with one target, which keeps its prompt cache warm. The others follow when a target fails.",
    ),
  stickyBy: stickyBy
    .default("customer")
    .describe(
      'What sticky calls have in common: an attribute, key, or a header as "header:NAME"; without it: weighted.',
    ),
  region: region.optional().describe("Pins every call for the model: it never reaches a target of another region."),
  targets: z.array(place).min(1).describe("Where the model can be had."),
});

export const targets = record(name, target).prefault({}).describe("Where calls can be sent, by name.");
export const models = record(z.string().min(1), alias)
  .prefault({})
  .describe("Names that callers may ask for, and the targets that serve them.");
