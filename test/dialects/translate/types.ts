import ts from "typescript5";
import type { DialectName } from "../../../src/dialects/dialect.ts";
import { programOf } from "../../doubles/type-program.ts";

/** The SDK's own declarations; of Anthropic's with what the version 2023-06-01 has more. */
const declared: Readonly<Record<DialectName, string>> = {
  "openai-chat": 'import("openai").OpenAI.Chat.Completions.ChatCompletionCreateParams',
  "anthropic-messages":
    'import("@anthropic-ai/sdk").Anthropic.MessageCreateParams & { temperature?: number; top_p?: number; top_k?: number }',
};
/** Answers, as the SDKs declare them. */
const answers: Readonly<Record<DialectName, string>> = {
  "openai-chat": 'import("openai").OpenAI.Chat.Completions.ChatCompletion',
  "anthropic-messages": 'import("@anthropic-ai/sdk").Anthropic.Message',
};
const events: Readonly<Record<DialectName, string>> = {
  "openai-chat": 'import("openai").OpenAI.Chat.Completions.ChatCompletionChunk',
  "anthropic-messages": 'import("@anthropic-ai/sdk").Anthropic.RawMessageStreamEvent',
};
export const kinds = { request: declared, answer: answers, event: events };

export interface Sample {
  readonly kind: keyof typeof kinds;
  readonly dialect: DialectName;
  readonly value: unknown;
}

/** Declared as required, and left out by the API where there are none. */
const cited = (_key: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && "type" in value && value.type === "text" && "text" in value
    ? { citations: null, ...value }
    : value;

/**
 * What the compiler says against each value, written down as one of the SDK's type: wrong types, and fields it does not know. All are
 * compiled at once, since a program takes seconds.
 */
export function complaints(samples: readonly Sample[]): readonly string[][] {
  const lines = samples.map(
    ({ kind, dialect, value }, index) =>
      `export const value${index}: ${kinds[kind][dialect]} = ${JSON.stringify(value, kind === "request" ? undefined : cited)};`,
  );
  const { program, source } = programOf(lines.join("\n"));
  const found: string[][] = samples.map(() => []);
  for (const { messageText, start } of program.getSemanticDiagnostics(source)) {
    const line = source?.getLineAndCharacterOfPosition(start ?? 0).line ?? 0;
    found[line]?.push(ts.flattenDiagnosticMessageText(messageText, " "));
  }
  return found;
}
