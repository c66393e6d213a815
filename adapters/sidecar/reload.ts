import { type FSWatcher, watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { type Config, ConfigError, type Logger, parseConfig } from "../../src/index.ts";

/** A change is read when nothing has changed in the folder for this many milliseconds. */
const settled = 50;
/** Where Kubernetes keeps what is mounted; it swaps this link alone. */
const swapped = "..data";

export interface Reloader {
  /** Reads again even if the file is as it was: what it refers to may have changed. Never rejects. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Reloads a config file when it changes. The folder is watched, not the file, so that renames and swapped links are seen. What is not
 * valid, empty or gone changes nothing and is logged with line and column.
 */
export function watchConfig(path: string, apply: (config: Config) => Promise<void>, log: Logger): Reloader {
  let last: string | undefined;
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  const once = async (forced: boolean): Promise<void> => {
    try {
      const text = new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path));
      if (!forced && text === last) return;
      last = text;
      // An editor that writes in place empties the file first; an empty config would protect nothing.
      if (text.trim() === "") return log.warn({ file: path }, "the config is empty, the old one stays");
      await apply(parseConfig(text, { name: path, directory: dirname(resolve(path)) }));
      log.info({ file: path }, "config reloaded");
    } catch (cause) {
      log.warn({ file: path, ...reasonOf(cause) }, "the config cannot be used, the old one stays");
    }
  };
  const read = (forced: boolean): Promise<void> => {
    running = running.then(() => once(forced));
    return running;
  };
  const watcher = watchFolder(path, log, () => {
    clearTimeout(timer);
    timer = setTimeout(() => void read(false), settled);
  });
  return {
    reload: () => read(true),
    async close() {
      clearTimeout(timer);
      watcher?.close();
      await running;
    },
  };
}

function watchFolder(path: string, log: Logger, changed: () => void): FSWatcher | undefined {
  const failed = (cause: unknown): void =>
    log.warn({ file: path, ...reasonOf(cause) }, "the config is not watched; SIGHUP reloads it");
  const file = basename(path);
  try {
    return watch(dirname(resolve(path)), { persistent: false }, (_event, name) => {
      if (name === null || name === file || name === swapped) changed();
    }).on("error", failed);
  } catch (cause) {
    failed(cause);
    return undefined;
  }
}

function reasonOf(cause: unknown): object {
  if (cause instanceof ConfigError) return { problems: cause.problems };
  return { reason: (cause as NodeJS.ErrnoException).code ?? "unknown" };
}
