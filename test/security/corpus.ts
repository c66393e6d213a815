import { type Position, positionsOf } from "./positions.ts";

const messages = "@anthropic-ai/sdk/resources/messages";
const betaMessages = "@anthropic-ai/sdk/resources/beta/messages";

/** What the official SDKs may send, and how many positions for a string that has at least. */
export const wires = [
  {
    name: "an OpenAI chat",
    host: "https://api.openai.com",
    path: "/v1/chat/completions",
    module: "openai/resources/chat/completions",
    type: "ChatCompletionCreateParamsNonStreaming",
    least: 200,
  },
  {
    name: "an Anthropic message",
    host: "https://api.anthropic.com",
    path: "/v1/messages",
    module: messages,
    type: "MessageCreateParamsNonStreaming",
    least: 900,
  },
  {
    name: "an Anthropic beta message",
    host: "https://api.anthropic.com",
    path: "/v1/messages?beta=true",
    module: betaMessages,
    type: "MessageCreateParamsNonStreaming",
    least: 2_000,
  },
  {
    name: "an Anthropic count of tokens",
    host: "https://api.anthropic.com",
    path: "/v1/messages/count_tokens",
    module: messages,
    type: "MessageCountTokensParams",
    least: 900,
  },
  {
    name: "an Anthropic beta count of tokens",
    host: "https://api.anthropic.com",
    path: "/v1/messages/count_tokens?beta=true",
    module: betaMessages,
    type: "MessageCountTokensParams",
    least: 2_000,
  },
] as const;
export type LeakWire = (typeof wires)[number];

/** Of each wire, in the same order. */
export const positionsOfWires = (): readonly (readonly Position[])[] => positionsOf(wires);

/** What the providers take for identifiers, or have signed: text of a person has no business there, and no placeholder fits. */
const identifiers = new Set(
  `id name model voice container skill_id version inference_geo file_id tool_id tool_name toolset_name tool_use_id tool_call_id
  previous_message_id thinking signature data encrypted_content encrypted_index encrypted_stdout`.split(/\s+/),
);
const lastKey = (path: string): string => path.slice(path.lastIndexOf(".") + 1).replaceAll("[]", "");

/** A place for free text: what stands there has to be masked, a refusal would be too much. */
export function isFree({ kind, path }: Position): boolean {
  // What the caller likes to say of a tool there has to name one.
  if (kind === "unknown") return !path.startsWith(".tool_choice.");
  return kind === "text" && !identifiers.has(lastKey(path));
}

export const streams = ({ path }: Pick<LeakWire, "path">): boolean => !path.includes("count_tokens");

/** A body with `value` at the position; every second one asks for a stream. */
export const bodyOf = (wire: Pick<LeakWire, "path">, position: Position, value: string, turn: number): string =>
  JSON.stringify({ ...(position.body(value) as object), ...(streams(wire) && turn % 2 === 1 && { stream: true }) });

export type Fates = Record<Position["kind"], { masked: number; refused: number }>;
export const noFates = (): Fates => ({
  text: { masked: 0, refused: 0 },
  literal: { masked: 0, refused: 0 },
  key: { masked: 0, refused: 0 },
  unknown: { masked: 0, refused: 0 },
});

/** Most has to be masked and let through: a gateway that refuses everything leaks nothing either. */
export function expectMasked(fates: Fates): void {
  expect(fates.text.masked).toBeGreaterThan(fates.text.refused);
  expect(fates.unknown.masked).toBeGreaterThan(5);
  expect(fates.literal.refused).toBeGreaterThan(0);
}
