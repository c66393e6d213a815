/** What is wrong with a file, in words that are ours; SQLite's own messages may quote what was to be stored. */
export class FileFailure extends Error {
  override readonly name = "FileFailure";
}

/** Somebody else holds a lock: SQLite's result code 5, as node:sqlite and libsql name it. */
export function isBusy(cause: unknown): boolean {
  const { errcode, rawCode } = (cause ?? {}) as { readonly errcode?: unknown; readonly rawCode?: unknown };
  return errcode === 5 || rawCode === 5;
}

/** A reason that may be shown and logged. */
export function reasonOf(cause: unknown): string {
  if (cause instanceof FileFailure) return cause.message;
  const { errstr, code } = (cause ?? {}) as { readonly errstr?: unknown; readonly code?: unknown };
  // node:sqlite has the text that belongs to the code, libsql the code's name.
  if (typeof errstr === "string") return errstr;
  if (typeof code === "string") return code;
  return cause instanceof Error ? cause.name : "unknown";
}
