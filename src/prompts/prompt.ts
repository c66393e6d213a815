import { type FrontMatter, readFrontMatter } from "./front-matter.ts";
import { PromptProblem, top } from "./problem.ts";
import type { Part } from "./template.ts";
import { readTemplate } from "./template-reader.ts";

/** A prompt's file, read. */
export interface Prompt extends FrontMatter {
  readonly parts: readonly Part[];
}

/** UTF-16 units. */
const longest = 262_144;
const fence = /^---[ \t]*\r?\n/;
const closing = /\r?\n---[ \t]*(?:\r?\n|$)/;

/**
 * Reads a `.prompt` file: YAML front matter between lines of `---`, then a template. Throws a `PromptProblem`.
 * https://google.github.io/dotprompt/reference
 */
export function readPrompt(text: string): Prompt {
  if (text.length > longest) throw new PromptProblem(`the file has more than ${longest} characters`, top);
  const body = text.startsWith("\ufeff") ? text.slice(1) : text;
  const { front, template } = split(body);
  const matter = readFrontMatter(front);
  const { schema } = matter;
  const known = schema === undefined || schema.rest !== undefined ? undefined : new Set(schema.fields.keys());
  const linesBefore = body.slice(0, body.length - template.length).split("\n").length - 1;
  const parts = readTemplate(template, { known, linesBefore });
  const blank = parts.every((part) => part.kind === "text" && part.text.trim() === "");
  if (blank) throw new PromptProblem("the template is empty", { line: linesBefore + 1, column: 1 });
  return { ...matter, parts };
}

function split(body: string): { readonly front: string; readonly template: string } {
  const opening = fence.exec(body)?.[0];
  if (opening === undefined) return { front: "", template: body };
  // An empty front matter closes in the line that follows.
  const rest = `\n${body.slice(opening.length)}`;
  const end = closing.exec(rest);
  if (end === null) throw new PromptProblem("the front matter is not closed by a line ---", top);
  return { front: rest.slice(1, Math.max(1, end.index)), template: rest.slice(end.index + end[0].length) };
}
