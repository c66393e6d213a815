/** What the shell is told: 0 done; 1 it could not be done, or what was checked is not valid; 2 the words given make no sense. */
export type ExitCode = 0 | 1 | 2;

export interface Output {
  out(text: string): void;
  error(text: string): void;
}

export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  readonly usage: string;
  /** May throw `UsageError`, what `parseArgs` throws, or an `Error` with a reason to show. */
  run(words: readonly string[], output: Output): Promise<ExitCode>;
}

export class UsageError extends Error {}

/** For what rejects where a file cannot be read: names the file and the system's code. */
export const unreadable =
  (path: string) =>
  (cause: NodeJS.ErrnoException): never => {
    throw new Error(`${path} cannot be read (${cause.code ?? "unknown error"})`);
  };

export const text = { type: "string" } as const;
/** May be given several times. */
export const list = { type: "string", multiple: true } as const;
export const flag = { type: "boolean" } as const;

/** A whole number within bounds. */
export function toNumber(name: string, word: string, least: number, most: number): number {
  const value = /^\d{1,9}$/.test(word) ? Number(word) : -1;
  if (value < least || value > most) throw new UsageError(`--${name} takes a whole number from ${least} to ${most}`);
  return value;
}
