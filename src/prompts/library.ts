import { join } from "node:path";
import { LRUCache } from "lru-cache";
import type { Parts } from "../step.ts";
import { type Prompt, readPrompt } from "./prompt.ts";
import { emptyShelf, findIn, namesIn, readShelf, type Shelf, type Version } from "./shelf.ts";
import { createWatch, type Watch } from "./watch.ts";

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

export const createLibrary = (parts: Pick<Parts, "clock" | "log">, toWatch = createWatch): Library =>
  new FollowedFolder(parts, toWatch);

class FollowedFolder implements Library {
  readonly #clock: Parts["clock"];
  readonly #log: Parts["log"];
  readonly #watch: Watch;
  readonly #read: (text: string) => Prompt;
  #shelf = emptyShelf;
  #directory: string | undefined;
  #due: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();
  /** Counts openings and closings: what was begun before one of them comes too late. */
  #opened = 0;
  /** The folder could not be read when it was last tried. */
  #away = false;
  #deaf = false;

  constructor({ clock, log }: Pick<Parts, "clock" | "log">, toWatch: typeof createWatch) {
    this.#clock = clock;
    this.#log = log;
    this.#watch = toWatch(() => this.#schedule(settling));
    this.#read = createReader();
  }

  get shelf(): Shelf {
    return this.#shelf;
  }

  find(name: string, selector: string | undefined): ReturnType<Library["find"]> {
    return findIn(this.#shelf, name, selector);
  }

  async open(from: string): Promise<void> {
    await this.#running;
    this.#opened++;
    try {
      await this.#load(from);
    } catch (cause) {
      // The folder from before is to be followed further.
      if (this.#directory !== undefined) this.#schedule(0);
      throw cause;
    }
  }

  close(): void {
    this.#opened++;
    this.#directory = undefined;
    this.#due?.();
    this.#due = undefined;
    this.#watch.close();
  }

  /** Watched before it is read, so that no change falls between. */
  async #load(from: string): Promise<void> {
    const mine = this.#opened;
    const followed = this.#watch.cover(from, []);
    const names = await namesIn(from);
    if (mine !== this.#opened) return;
    const folders = names.map((name) => join(from, name));
    const covered = this.#watch.cover(from, folders) && followed;
    const before = from === this.#directory ? this.#shelf : emptyShelf;
    const next = await readShelf(from, names, before, this.#read);
    if (mine !== this.#opened) return;
    tell(this.#shelf, next, this.#log);
    this.#shelf = next;
    this.#directory = from;
    if (covered) return;
    if (!this.#deaf) this.#log.warn({ from }, "the folder of prompts cannot be watched; it is read every second");
    this.#deaf = true;
    this.#schedule(polling);
  }

  async #refresh(): Promise<void> {
    const from = this.#directory;
    if (from === undefined) return;
    try {
      await this.#load(from);
      this.#away = false;
    } catch {
      if (!this.#away) this.#log.warn({ from }, "the folder of prompts cannot be read; what ran before goes on");
      this.#away = true;
      this.#schedule(polling);
    }
  }

  #schedule(wait: number): void {
    this.#due ??= this.#clock.after(wait, () => {
      this.#due = undefined;
      this.#running = this.#running.then(() => this.#refresh());
    });
  }
}

function createReader(): (text: string) => Prompt {
  const prompts = new LRUCache<string, Prompt>({
    maxSize: kept,
    sizeCalculation: (_, text) => Math.max(1, text.length),
  });
  return (text) => {
    const known = prompts.get(text) ?? readPrompt(text);
    prompts.set(text, known);
    return known;
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
