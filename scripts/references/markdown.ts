/** Cells of a Markdown table: what would end a cell is escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replace(/\|/g, "\\|").replace(/\s*\n\s*/g, " ")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

export const code = (text: string): string => `\`${text}\``;

export const list = (names: Iterable<string>): string => [...names].map(code).join(", ");

/** A page that a script writes: the next run would undo a change made by hand. */
export const page = (title: string, ...parts: readonly string[]): string =>
  `${[`<!-- Written by \`npm run docs\`. -->\n# ${title}`, ...parts].join("\n\n")}\n`;
