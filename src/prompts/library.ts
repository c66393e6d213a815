import { join } from "node:path";
import { LRUCache } from "lru-cache";
import type { Parts } from "../step.ts";
import { type Prompt, readPrompt } from "./prompt.ts";
import { emptyShelf, findIn, namesIn, readShelf, type Shelf, type Version } from "./shelf.ts";
import { createWatch } from "./watch.ts";

/** The prompts of one gateway; they outlive its configs, so that a reload in the middle of a broken edit loses nothing. */
export interface Library {
  readonly shelf: Shelf;
  /** See `findIn`. */
  find(name: string, selector: string | undefined): Version | "unusable" | undefined;
  /** Reads a folder and follows its changes from then on. Rejects, and changes nothing, where it cannot be read. */
  open(directory: string): Promise<void>;
  close(): void;
}

/** Several files change at once, and an editor writes in pieces. */
const settling = 50;
/** Where nothing tells of changes. */
const polling = 1_000;
/** UTF-16 units of files whose read form is kept, so that a change reads what changed alone. */
const kept = 16_777_216;

export function createLibrary({ clock, log }: Pick<Parts, "clock" | "log">, toWatch = createWatch): Library {
  const prompts = new LRUCache<string, Prompt>({
    maxSize: kept,
    sizeCalculation: (_, text) => Math.max(1, text.length),
  });
  let shelf = emptyShelf;
  let directory: string | undefined;
  let due: (() => void) | undefined;
  let running: Promise<void> | undefined;
  /** Counts openings and closings: what was begun before one of them comes too late. */
  let opened = 0;
  const watching = toWatch(() => schedule(settling));

  const read = (text: string): Prompt => {
    const known = prompts.get(text) ?? readPrompt(text);
    prompts.set(text, known);
    return known;
  };
  const load = async (from: string): Promise<void> => {
    const mine = opened;
    const followed = watching.cover(from, []);
    const names = await namesIn(from);
    if (mine !== opened) return;
    const covered = watching.cover(
      from,
      names.map((name) => join(from, name)),
    );
    const next = await readShelf(from, names, from === directory ? shelf : emptyShelf, read);
    if (mine !== opened) return;
    tell(shelf, next, log);
    shelf = next;
    directory = from;
    if (!followed || !covered) schedule(polling);
  };
  const refresh = async (): Promise<void> => {
    if (directory === undefined) return;
    await load(directory).catch(() => {
      log.warn({ from: directory }, "the folder of prompts cannot be read; what ran before goes on");
      schedule(polling);
    });
  };
  const schedule = (wait: number): void => {
    due ??= clock.after(wait, () => {
      due = undefined;
      running = (running ?? Promise.resolve()).then(refresh);
    });
  };

  return {
    get shelf() {
      return shelf;
    },
    find: (name, selector) => findIn(shelf, name, selector),
    async open(from) {
      await running;
      opened++;
      await load(from).catch((cause) => {
        // The folder from before is to be followed further.
        if (directory !== undefined) schedule(0);
        throw cause;
      });
    },
    close() {
      opened++;
      directory = undefined;
      due?.();
      due = undefined;
      watching.close();
    },
  };
}

/** What is new since the shelf was read before: files that are not valid, labels that moved. */
function tell(before: Shelf, now: Shelf, log: Parts["log"]): void {
  const known = new Set(before.problems.map((problem) => JSON.stringify(problem)));
  for (const problem of now.problems) {
    if (known.has(JSON.stringify(problem))) continue;
    log.warn(problem, "a prompt's file is not valid; what ran before goes on");
  }
  for (const [prompt, { labels }] of now.entries) {
    for (const [label, { version }] of labels) {
      const from = before.entries.get(prompt)?.labels.get(label)?.version;
      if (from !== undefined && from !== version) log.info({ prompt, label, from, to: version }, "a label moved");
    }
  }
}
