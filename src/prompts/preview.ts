import { readPrompt } from "./prompt.ts";
import { type Message, render } from "./render.ts";
import { complete, parse, readTexts } from "./request.ts";
import { emptyShelf, findIn, namesIn, readShelf, type Shelf, type Version } from "./shelf.ts";

/** Reads a folder of prompts once, with what is wrong in it, for those who write them. Rejects where it cannot be read. */
export const readPrompts = async (directory: string): Promise<Shelf> =>
  readShelf(directory, await namesIn(directory), emptyShelf, readPrompt);

/** A prompt by its reference, such as `support@production`. */
export function findPrompt(shelf: Shelf, reference: string): Version | "unusable" | undefined {
  const { name, selector } = parse(reference);
  return findIn(shelf, name, selector);
}

/**
 * The messages that a prompt becomes, `history` for those of the caller. `texts` are read as what the variables are declared to be and
 * come before `values`. Throws the `Refusal` that a call would get.
 */
export function preview(
  version: Version,
  texts: Readonly<Record<string, string>>,
  values: Readonly<Record<string, unknown>> = {},
): readonly (Message | "history")[] {
  const read = readTexts(version.prompt, texts, Object.keys(texts));
  const variables = complete(version, Object.assign(Object.create(null), values, read));
  const { before, after } = render(version.prompt.parts, variables, version.file);
  return [...before, "history", ...after];
}
