import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { findPrompt, loadConfig, type PromptShelf, type PromptVersion, preview, readPrompts } from "../../src/index.ts";
import { type Command, type ExitCode, flag, list, type Output, text, UsageError, unreadable } from "./command.ts";
import { diffLines } from "./lines.ts";
import { multiline, toTable } from "./print.ts";

const usage = `postern prompts list (--dir FOLDER | --config FILE) [--json]
postern prompts show NAME[@VERSION] (--dir FOLDER | --config FILE)
postern prompts render NAME[@VERSION] (--dir FOLDER | --config FILE) [--var name=value]... [--vars FILE.json] [--json]
postern prompts diff NAME@VERSION NAME@VERSION (--dir FOLDER | --config FILE)

  Reads a folder of prompts as a gateway does. VERSION is a number, a label or latest; by default what is labelled production.
  --dir FOLDER        the folder of prompts
  --config FILE       the folder that this config names
  --var name=value    a variable as text, read as the type that the prompt declares
  --vars FILE.json    variables of their own types; --var comes before them

Exit codes: 0 done (diff: the same), 1 not done, a file that is not valid (list), or a difference (diff), 2 wrong words.
`;

const options = { dir: text, config: text, var: list, vars: text, json: flag };
type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>["values"];

export const prompts: Command = {
  summary: "list, show, render and compare prompts",
  usage,
  async run(words, output) {
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true });
    const [action, one, other, ...more] = positionals;
    const counts: Readonly<Record<string, number>> = { list: 1, show: 2, render: 2, diff: 3 };
    if (action === undefined || more.length > 0 || counts[action] !== positionals.length)
      throw new UsageError("expected: list, show NAME, render NAME, or diff NAME NAME");
    if (action !== "render" && (values.var !== undefined || values.vars !== undefined))
      throw new UsageError("--var and --vars belong to render");
    const directory = await directoryOf(values);
    const shelf = await readPrompts(directory).catch(unreadable(directory));
    if (one === undefined) return listAll(shelf, values.json === true, output);
    const found = find(shelf, one);
    if (other !== undefined) return compare(directory, [found, find(shelf, other)], output);
    if (action === "render") await show(found, values, output);
    else output.out(multiline(await source(directory, found)));
    return 0;
  },
};

async function directoryOf({ dir, config }: Values): Promise<string> {
  if ((dir === undefined) === (config === undefined)) throw new UsageError("expected one of --dir and --config");
  if (dir !== undefined) return dir;
  const { prompts: section } = await loadConfig(config as string);
  if (section === undefined) throw new Error("the config names no folder of prompts");
  return section.from;
}

function find(shelf: PromptShelf, reference: string): PromptVersion {
  const found = findPrompt(shelf, reference);
  if (found === undefined) throw new Error(`there is no prompt ${reference}`);
  if (found !== "unusable") return found;
  const problem = shelf.problems.find(({ file }) => file.startsWith(`${reference.split("@")[0]}/`));
  const where = problem && `: ${problem.file}:${problem.line}:${problem.column} ${problem.problem}`;
  throw new Error(`${reference} is not valid${where ?? ""}`);
}

const source = (directory: string, { file }: PromptVersion): Promise<string> => readFile(join(directory, file), "utf8");

function listAll({ entries, problems }: PromptShelf, json: boolean, output: Output): ExitCode {
  const found = Array.from(entries, ([name, { versions, unusable, labels }]) => ({
    name,
    versions: [...versions.keys()].sort((one, another) => one - another),
    unusable: [...unusable],
    labels: Object.fromEntries(Array.from(labels, ([label, { version }]) => [label, version])),
  }));
  if (json) output.out(`${JSON.stringify({ prompts: found, problems })}\n`);
  else {
    const rows = found.map(({ name, versions, labels }) => {
      const named = Object.entries(labels).map(([label, version]) => `${label}=${version}`);
      return [name, versions.join(", ") || "-", named.join(", ") || "-"];
    });
    output.out(toTable([["prompt", "versions", "labels"], ...rows]));
    for (const { file, line, column, problem } of problems) output.error(`${file}:${line}:${column} ${problem}\n`);
  }
  return problems.length === 0 ? 0 : 1;
}

async function show(version: PromptVersion, { var: pairs = [], vars, json }: Values, output: Output): Promise<void> {
  const given = vars === undefined ? {} : await readVariables(vars);
  const messages = preview(version, Object.fromEntries(pairs.map(toPair)), given);
  if (json) {
    const { name, version: number } = version;
    output.out(`${JSON.stringify({ name, version: number, messages })}\n`);
    return;
  }
  for (const message of messages)
    output.out(
      message === "history"
        ? "--- the caller's messages ---\n\n"
        : `--- ${message.role} ---\n${multiline(message.text)}\n\n`,
    );
}

function toPair(pair: string): readonly [string, string] {
  const at = pair.indexOf("=");
  if (at < 1) throw new UsageError("--var takes name=value");
  return [pair.slice(0, at), pair.slice(at + 1)];
}

async function readVariables(file: string): Promise<Readonly<Record<string, unknown>>> {
  const content = await readFile(file, "utf8").catch(unreadable(file));
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    // The parser's own message quotes the text.
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Error(`${file} holds no JSON object`);
  return value as Readonly<Record<string, unknown>>;
}

async function compare(directory: string, [one, other]: readonly [PromptVersion, PromptVersion], output: Output) {
  const changes = diffLines(await source(directory, one), await source(directory, other));
  if (changes.every(([sign]) => sign === " ")) return 0;
  output.out(`--- ${one.file}\n+++ ${other.file}\n`);
  for (const [sign, line] of changes) output.out(multiline(`${sign}${line}\n`));
  return 1;
}
