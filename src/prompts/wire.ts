import type { DialectName } from "../dialects/dialect.ts";
import { wrong } from "../dialects/fields.ts";
import type { Change, Document, Path } from "../slot.ts";
import type { Settings } from "./front-matter.ts";
import type { Prompt } from "./prompt.ts";
import type { Message, Rendered } from "./render.ts";

/** Where a wire has what a prompt says. */
interface Wire {
  /** A setting without a place is one that the wire does not know. */
  readonly settings: Readonly<Partial<Record<keyof Settings, Path>>>;
  /** Other names of the same, which would contradict. */
  readonly others: Readonly<Partial<Record<keyof Settings, Path>>>;
  messages(rendered: Rendered, document: Document): readonly Change[];
}

const wires: Readonly<Record<DialectName, Wire>> = {
  "openai-chat": {
    settings: {
      temperature: ["temperature"],
      topP: ["top_p"],
      maxOutputTokens: ["max_completion_tokens"],
      stopSequences: ["stop"],
      frequencyPenalty: ["frequency_penalty"],
      presencePenalty: ["presence_penalty"],
      seed: ["seed"],
      reasoningEffort: ["reasoning_effort"],
    },
    others: { maxOutputTokens: ["max_tokens"] },
    messages: ({ before, after }, document) => [around(before.map(toTurn), after.map(toTurn), document)],
  },
  "anthropic-messages": {
    settings: {
      temperature: ["temperature"],
      topP: ["top_p"],
      topK: ["top_k"],
      maxOutputTokens: ["max_tokens"],
      stopSequences: ["stop_sequences"],
      reasoningEffort: ["output_config", "effort"],
    },
    others: {},
    messages({ before, after }, document) {
      const turns = around(before.filter(isTurn).map(toTurn), after.filter(isTurn).map(toTurn), document);
      const system = [...before, ...after].filter((message) => !isTurn(message)).map(({ text }) => text);
      return system.length === 0 ? [turns] : [systemOf(system, document), turns];
    },
  },
};

/** What a prompt changes in a body. What its front matter says wins; for counting tokens only what costs some is said. */
export function changesFor(
  dialect: DialectName,
  counts: boolean,
  prompt: Prompt,
  rendered: Rendered,
  document: Document,
): readonly Change[] {
  const { settings, others, messages } = wires[dialect];
  const changes: Change[] = [];
  if (prompt.model !== undefined) changes.push({ path: ["model"], value: prompt.model });
  for (const [name, value] of Object.entries(counts ? {} : prompt.settings)) {
    const path = settings[name as keyof Settings];
    const other = others[name as keyof Settings];
    if (path !== undefined && value !== undefined) changes.push({ path, value });
    if (other !== undefined && value !== undefined) changes.push({ path: other, value: undefined });
  }
  return [...changes, ...messages(rendered, document)];
}

const isTurn = ({ role }: Message): boolean => role !== "system";
const toTurn = ({ role, text }: Message) => ({ role: role === "model" ? "assistant" : role, content: text });

/** The caller's messages stay as they stand, between those of the prompt. */
function around(before: readonly unknown[], after: readonly unknown[], document: Document): Change {
  const path = ["messages"];
  const own = document.get(path);
  if (Array.isArray(own)) return { path, before, after };
  if (own !== undefined && own !== null) throw wrong("messages");
  return { path, value: [...before, ...after] };
}

/** The prompt's instructions come first, those of the caller behind them. */
function systemOf(texts: readonly string[], document: Document): Change {
  const path = ["system"];
  const own = document.get(path);
  const blocks = texts.map((text) => ({ type: "text", text }));
  if (Array.isArray(own)) return { path, before: blocks, after: [] };
  if (typeof own === "string" && own !== "") return { path, value: [...blocks, { type: "text", text: own }] };
  if (own !== undefined && own !== null && own !== "") throw wrong("system");
  return { path, value: texts.length === 1 ? texts[0] : blocks };
}
