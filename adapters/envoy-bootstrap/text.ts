/** A string as YAML writes it in double quotes: JSON's strings are YAML's. */
export const quote = (text: string): string => JSON.stringify(text);

/** Milliseconds as a protobuf duration. */
export const seconds = (milliseconds: number): string => `${milliseconds / 1_000}s`;

/**
 * YAML text with blocks put in: the literal loses the indentation that it has in the source, and a block keeps to the column where it is put.
 * A line that holds nothing but an empty block is left out.
 */
export function yaml(strings: TemplateStringsArray, ...blocks: readonly (string | number)[]): string {
  const margin = /\n( *)\S/.exec(`${strings[0]}.`)?.[1] ?? "";
  let text = "";
  for (const [index, piece] of strings.entries()) {
    text += piece.replaceAll(`\n${margin}`, "\n");
    const block = blocks[index];
    if (block === undefined) continue;
    const line = text.slice(text.lastIndexOf("\n") + 1);
    const alone = line.trim() === "";
    if (alone && block === "") text = text.slice(0, text.length - line.length - 1);
    else
      text += String(block).replaceAll(
        /\n(?!\n)/g,
        `\n${alone ? line : " ".repeat(line.length - line.trimStart().length)}`,
      );
  }
  return text.trim();
}

/** Blocks one below the other. */
export const blocks = (...parts: readonly string[]): string => parts.filter((part) => part !== "").join("\n");
