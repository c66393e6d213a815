import { attributeNames } from "../../src/config/names.ts";
import { anthropicMessages } from "../../src/dialects/anthropic-messages.ts";
import type { Dialect } from "../../src/dialects/dialect.ts";
import { openaiChat } from "../../src/dialects/openai-chat.ts";
import { billing, credentials, framing } from "../../src/headers.ts";
import { code, list, page, table } from "./markdown.ts";

type Rows = readonly (readonly [name: string, meaning: string])[];

/** What Postern reads of a call, beside what its dialect lists. */
export const read: Rows = [
  ...attributeNames.map(
    (name) =>
      [
        `x-postern-${name}`,
        `The ${name} that the call is for; what a key may name is \`require\` and \`allow\`.`,
      ] as const,
  ),
  [
    "x-postern-region",
    "Pins the call: it never reaches a target of another region. Any case; empty or malformed: `invalid_request`.",
  ],
  ["x-postern-prompt", "The prompt that the call is made of, such as `support@3`."],
  ["authorization", "`Bearer` and a virtual key, or the caller's own provider key."],
  ["x-api-key", "The same."],
  ["api-key", "The same."],
  ["x-goog-api-key", "The same; `?key=` in the URL, too."],
  ["traceparent", "The trace that the call's span belongs to (W3C)."],
  ["content-type", "JSON, or nothing: else `unsupported_media_type`."],
  ["content-encoding", "`identity`, or nothing: else `unsupported_media_type`."],
  ["content-length", "Longer than `limits.body`: `body_too_large`, before the body is read."],
];

/** What Postern adds to an answer, a refusal included. */
export const told: Rows = [
  ["x-postern-call-id", "The call's ULID, as in its record, span and log lines. On every answer and refusal."],
  ["x-postern-target", "The target that answered, or was tried last."],
  ["x-postern-findings", "What was found, by type: `EMAIL=2, IBAN=1`; absent where nothing was."],
  ["x-postern-losses", "Places that a translation could not carry, at most 20, then how many more."],
  [
    "x-postern-cost",
    "Dollars, such as `$0.00031`, or `unknown`. Whole answers only: a stream's cost is not known when its head leaves.",
  ],
  ["x-postern-max-tokens", "The output limit that a budget set for this call."],
  ["x-postern-prompt", "Name and version of the prompt that the call was made of: `support@3`."],
  ["server-timing", "`postern;dur=`: milliseconds that the gateway took before the first attempt left."],
  ["x-should-retry", "Refusals: whether trying again makes sense."],
  ["retry-after", "Refusals that know it: seconds, rounded up."],
  ["retry-after-ms", "The same in milliseconds."],
  ["allow", "With 405: the method that the endpoint takes."],
];

/** Between Envoy and the processor; neither callers nor providers see them. */
export const envoy: Rows = [
  [
    "x-postern-route",
    "The target that was chosen, for Envoy's routes. What a caller sends under this name is removed first.",
  ],
  ["x-postern-mode", "Initial metadata of the filter: the mode that it is made for; another one is refused."],
  ["x-postern-target", "Initial metadata of the filter in a tap: the target that the route goes to."],
];

const tableOf = (rows: Rows): string =>
  table(
    ["Header", "Meaning"],
    rows.map(([name, meaning]) => [code(name), meaning]),
  );

const passing = ({ requestHeaders, answerHeaders, name, provider }: Dialect): string =>
  [
    `### ${name}`,
    "",
    `To the provider: ${list(requestHeaders)}.`,
    "",
    `Back to the caller: \`content-type\`, ${list(answerHeaders)}.`,
    "",
    `The caller's credential, where the target has no key of its own: ${list(credentials[provider])}.`,
  ].join("\n");

/** Every header that Postern reads, adds, or takes away. */
export function headersReference(): string {
  return page(
    "Headers",
    [
      "Headers pass by list, both ways: what is not named here stays out, cookies and forwarding headers included. What passes is inspected by",
      "redaction, which refuses the call where it holds personal data or a secret, since a header cannot be masked.",
    ].join("\n"),
    `## Read\n\n${tableOf(read)}\n\nNone of the \`x-postern-\` headers leaves for a provider. A virtual key never does.`,
    `## Added to the answer\n\n${tableOf(told)}`,
    [
      "## Added to the request",
      "",
      "`host`, `accept`, `accept-encoding: identity`, `content-type: application/json`, `content-length`, the target's own key in the place that",
      "its wire has for it, and the target's `headers` from the config, which replace what a caller sent under the same name.",
    ].join("\n"),
    ["## Passed on", ...[openaiChat, anthropicMessages].map(passing)].join("\n\n"),
    `With the operator's key these stay out, since a caller must not choose whose bill it is: ${list(billing)}.`,
    `## Never passed on\n\nThey belong to one message on one connection: ${list([...framing].sort())}.`,
    `## With Envoy\n\n${tableOf(envoy)}`,
  );
}
