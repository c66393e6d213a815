import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promptName } from "../config/sections-prompts.ts";
import { readYaml } from "../config/yaml.ts";
import { type Place, PromptProblem, top } from "./problem.ts";
import type { Prompt } from "./prompt.ts";

/** One version of a prompt, ready to be rendered. */
export interface Version {
  readonly name: string;
  readonly version: number;
  /** Below the folder of prompts. */
  readonly file: string;
  readonly prompt: Prompt;
}

/** All that is there of one prompt. */
export interface Entry {
  readonly versions: ReadonlyMap<number, Version>;
  /** Versions whose file has never been valid. */
  readonly unusable: ReadonlySet<number>;
  readonly labels: ReadonlyMap<string, Version>;
}

/** What is wrong with a file, without its content. */
export interface FileProblem extends Place {
  readonly file: string;
  readonly problem: string;
}

/** A folder of prompts, as it was read at one time. */
export interface Shelf {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly problems: readonly FileProblem[];
}

export const emptyShelf: Shelf = { entries: new Map(), problems: [] };

const versionFile = /^([1-9]\d{0,8})\.prompt$/;
const labelsFile = "labels.yaml";
const label = /^[A-Za-z][A-Za-z0-9._-]{0,63}$/;
/** The highest version, whether or not a label names it. */
const latest = "latest";

const isPromptName = (name: string): boolean => promptName.safeParse(name).success;

/**
 * Reads every prompt of a folder: `support/3.prompt`, `support/labels.yaml`. A file that is not valid leaves what `before` has of it.
 * Rejects where the folder itself, or a prompt's, cannot be read.
 */
export async function readShelf(
  directory: string,
  names: readonly string[],
  before: Shelf,
  read: (text: string) => Prompt,
): Promise<Shelf> {
  const problems: FileProblem[] = [];
  const entries = new Map<string, Entry>();
  for (const name of names) {
    const files = await filesIn(join(directory, name));
    if (files === undefined) continue;
    const told = before.entries.get(name);
    const reader = new EntryReader(name, told, read, problems);
    for (const [file, text] of files) if (file !== labelsFile) reader.version(file, text);
    entries.set(name, reader.entry(files.get(labelsFile)));
  }
  return { entries, problems };
}

const numbered = /^[1-9]\d{0,8}$/;

/**
 * A prompt by the number of a version, a label, or `latest`; without one of them what is labelled `production`, or else the latest.
 * `unusable`: its file has never been valid.
 */
export function findIn(shelf: Shelf, name: string, selector: string | undefined): Version | "unusable" | undefined {
  const entry = shelf.entries.get(name);
  if (entry === undefined) return undefined;
  const { labels, versions, unusable } = entry;
  if (selector === undefined) return labels.get("production") ?? newest(entry);
  if (selector === latest) return newest(entry);
  if (!numbered.test(selector)) return labels.get(selector);
  const version = Number(selector);
  return versions.get(version) ?? (unusable.has(version) ? "unusable" : undefined);
}

function newest({ versions, unusable }: Entry): Version | "unusable" | undefined {
  return versions.get(Math.max(...versions.keys())) ?? (unusable.size > 0 ? "unusable" : undefined);
}

/** The names of the prompts in a folder. */
export async function namesIn(directory: string): Promise<readonly string[]> {
  return (await readdir(directory)).filter(isPromptName).sort();
}

type Files = ReadonlyMap<string, string>;

/** The text of each file that counts; `undefined` for what is no folder. */
async function filesIn(folder: string): Promise<Files | undefined> {
  let names: readonly string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOTDIR" || code === "ENOENT") return undefined;
    throw cause;
  }
  const files = new Map<string, string>();
  for (const name of names.filter((file) => file === labelsFile || versionFile.test(file))) {
    files.set(name, await readFile(join(folder, name), "utf8"));
  }
  return files;
}

class EntryReader {
  readonly #name: string;
  readonly #before: Entry | undefined;
  readonly #read: (text: string) => Prompt;
  readonly #problems: FileProblem[];
  readonly #versions = new Map<number, Version>();
  readonly #unusable = new Set<number>();

  constructor(name: string, before: Entry | undefined, read: (text: string) => Prompt, problems: FileProblem[]) {
    this.#name = name;
    this.#before = before;
    this.#read = read;
    this.#problems = problems;
  }

  version(file: string, text: string): void {
    const version = Number(versionFile.exec(file)?.[1]);
    try {
      this.#versions.set(version, {
        name: this.#name,
        version,
        file: `${this.#name}/${file}`,
        prompt: this.#read(text),
      });
    } catch (cause) {
      if (!(cause instanceof PromptProblem)) throw cause;
      this.#report(file, cause.message, cause.place);
      const known = this.#before?.versions.get(version);
      if (known === undefined) this.#unusable.add(version);
      else this.#versions.set(version, known);
    }
  }

  entry(labels: string | undefined): Entry {
    return { versions: this.#versions, unusable: this.#unusable, labels: this.#labels(labels) };
  }

  #labels(text: string | undefined): ReadonlyMap<string, Version> {
    const before = this.#before?.labels ?? new Map<string, Version>();
    if (text === undefined) return new Map();
    const { value, problems, locate } = readYaml(text);
    const [problem] = problems;
    if (problem !== undefined || typeof value !== "object" || value === null || Array.isArray(value)) {
      const { message, line = 1, column = 1 } = problem ?? { message: "expected a map of labels and versions" };
      this.#report(labelsFile, message, { line, column });
      return before;
    }
    const labels = new Map<string, Version>();
    for (const [name, version] of Object.entries(value)) {
      const wrong = this.#wrongWith(name, version);
      const found = wrong === undefined ? this.#versions.get(version as number) : before.get(name);
      if (wrong !== undefined) this.#report(labelsFile, wrong, locate([name], "value"));
      if (found !== undefined) labels.set(name, found);
    }
    return labels;
  }

  #wrongWith(name: string, version: unknown): string | undefined {
    if (!label.test(name) || name === latest) return "this can be no label: letters, digits and . _ -, not latest";
    if (typeof version !== "number") return "expected the number of a version";
    return this.#versions.has(version) ? undefined : "there is no such version, or it is not valid";
  }

  #report(file: string, problem: string, { line, column }: Place = top): void {
    this.#problems.push({ file: `${this.#name}/${file}`, line, column, problem });
  }
}
