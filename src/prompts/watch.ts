import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";

/** Tells of changes in folders; the folders are told again each time, since what a name stands for may have been swapped. */
export interface Watch {
  /** `false` where one of them cannot be watched. Of `root` it is also told when another folder takes its name. */
  cover(root: string, folders: readonly string[]): boolean;
  close(): void;
}

/**
 * Watches folders, not files: a watched file is deaf after the first atomic replacement, while a folder sees renames in it, among them that
 * of `..data`, by which Kubernetes swaps a whole volume. Never keeps the process alive.
 */
export function createWatch(changed: () => void): Watch {
  let watchers: FSWatcher[] = [];
  let failed = false;

  const add = (path: string, concerns: (file: string | null) => boolean, into: FSWatcher[]): void => {
    try {
      const watcher = watch(path, { persistent: false }, (_event, file) => {
        if (concerns(file)) changed();
      });
      watcher.on("error", () => {
        failed = true;
        changed();
      });
      into.push(watcher);
    } catch {
      failed = true;
    }
  };
  const close = (): void => {
    for (const watcher of watchers) watcher.close();
    watchers = [];
  };

  return {
    cover(root, folders) {
      const next: FSWatcher[] = [];
      const own = basename(root);
      failed = false;
      add(dirname(root), (file) => file === null || file === own, next);
      for (const folder of [root, ...folders]) add(folder, () => true, next);
      close();
      watchers = next;
      return !failed;
    },
    close,
  };
}
