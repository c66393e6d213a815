import type { Path } from "../slot.ts";

/** One thing that is wrong with a config, and what to do about it. Never holds a credential. */
export interface Problem {
  /** From 1; `undefined` for a config that is a plain object, and for a file as a whole. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** `budgets[0].limit`; empty for the config as a whole. */
  readonly path: string;
  readonly message: string;
  readonly hint: string;
}

/** A problem before its place in the text is known. */
export interface Fault {
  readonly path: Path;
  /** Which end of the entry it concerns. */
  readonly at: "key" | "value";
  readonly message: string;
  readonly hint: string;
}

/** Problems that the message lists. */
const shown = 50;

/** Everything that is wrong with a config, in the order of the text. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly Problem[];

  constructor(source: string, problems: readonly Problem[]) {
    const more = problems.length > shown ? [`  … and ${problems.length - shown} more`] : [];
    super([`${source} has ${count(problems.length)}:`, ...problems.slice(0, shown).map(lineOf), ...more].join("\n"));
    this.problems = problems;
  }
}

const count = (problems: number): string => (problems === 1 ? "a problem" : `${problems} problems`);

function lineOf({ line, column, path, message, hint }: Problem): string {
  const place = [line === undefined ? "" : `${line}:${column}`, path].filter((part) => part !== "").join(" ");
  return `  ${place === "" ? "" : `${place}: `}${message} (${hint})`;
}

/** `budgets[0].scope.team`. `at` says whether the last part is a key that was found wrong, so that it is printed with care. */
export function toText(path: Path, at: Fault["at"]): string {
  return path.reduce<string>((text, part, index) => {
    if (typeof part === "number") return `${text}[${part}]`;
    const shown = at === "key" && index === path.length - 1 ? printedKey(part) : printedName(part);
    return text === "" ? shown : `${text}.${shown}`;
  }, "");
}

/** A name as it may be printed; what no name can be is left out. */
export function printedName(name: string): string {
  return /^[A-Za-z0-9._:@/-]{1,128}$/.test(name) ? name : "…";
}

/** A wrong key as it may be printed: `{ apiKey:sk-… }`, which lacks a blank, is one long key, so what follows a colon is left out. */
export function printedKey(key: string): string {
  const end = key.search(/[:=\s]/);
  return end < 0 ? printedName(key) : `${printedName(key.slice(0, end))}…`;
}
