import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Path } from "../slot.ts";
import { crossChecks } from "./checks.ts";
import { faultsOf } from "./issues.ts";
import { ConfigError, type Fault, type Problem, toText } from "./problems.ts";
import { type Config, type ConfigInput, schema } from "./schema.ts";
import { readSecret, Secret, type SecretSource } from "./secrets.ts";
import { readYaml } from "./yaml.ts";

export interface ParseOptions {
  /** What messages call the config; by default "the config". */
  readonly name?: string;
  /** What `file:` references and list files are relative to; by default the working directory. */
  readonly directory?: string;
  /** Where `env:` references are looked up; by default `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** What came out of `parseConfig`, so that it may go in again. */
const checked = new WeakSet<object>();

/**
 * Checks a config: YAML text, or a plain object made in code. References to secrets are read, list files become absolute.
 * A config that is checked already is returned as it is.
 * Throws one `ConfigError` with everything that is wrong, each with its place and what to do; no credential is ever part of it.
 * @example parseConfig({ targets: { openai: { provider: "openai" } } })
 */
export function parseConfig(input: string | ConfigInput | Config, options: ParseOptions = {}): Config {
  if (isChecked(input)) return input;
  const { name = "the config", environment = process.env } = options;
  const source = { directory: resolve(options.directory ?? "."), environment };
  const yaml = typeof input === "string" ? readYaml(input) : undefined;
  if (yaml !== undefined && yaml.value === undefined) throw new ConfigError(name, inOrder(yaml.problems));
  const value = yaml === undefined ? input : yaml.value;
  const result = schema.safeParse(value);
  const wrong = result.success ? [] : faultsOf(result.error.issues, value);
  const crossed = crossChecks(value, { ...source, literals: yaml === undefined });
  const faults = [...wrong, ...crossed.filter((fault) => !wrong.some(({ path }) => isWithin(fault.path, path)))];
  const place = (fault: Fault) => yaml?.locate(fault.path, fault.at) ?? { line: undefined, column: undefined };
  const problems = faults.map((fault) => toProblem(fault, place(fault)));
  if (yaml !== undefined) problems.push(...yaml.problems);
  if (!result.success || problems.length > 0) throw new ConfigError(name, inOrder(problems));
  return withFiles(result.data, source);
}

/** Reads and checks a config file; what `parseConfig` says holds. A file that cannot be read is a `ConfigError` too. */
export async function loadConfig(
  path: string,
  options: Omit<ParseOptions, "name" | "directory"> = {},
): Promise<Config> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const [message, hint] =
      code === "ERR_ENCODING_INVALID_ENCODED_DATA"
        ? ["the file is not UTF-8", "save it as UTF-8"]
        : [`the file cannot be read (${code ?? "unknown error"})`, "check the path and who may read it"];
    throw new ConfigError(path, [{ line: undefined, column: undefined, path: "", message, hint }]);
  }
  return parseConfig(text, { ...options, name: path, directory: dirname(resolve(path)) });
}

function withFiles(config: Config, source: SecretSource): Config {
  for (const target of Object.values(config.targets)) {
    if (target.apiKey !== undefined) target.apiKey = readSecret(target.apiKey, source);
    for (const [header, value] of Object.entries(target.headers)) {
      if (value instanceof Secret) target.headers[header] = readSecret(value, source);
    }
  }
  for (const list of config.redaction.lists) list.file = resolve(source.directory, list.file);
  if (config.prompts !== undefined) config.prompts.from = resolve(source.directory, config.prompts.from);
  checked.add(config);
  return config;
}

function isChecked(input: string | ConfigInput | Config): input is Config {
  return typeof input === "object" && input !== null && checked.has(input);
}

function toProblem(fault: Fault, place: Pick<Problem, "line" | "column">): Problem {
  return {
    line: place.line,
    column: place.column,
    path: toText(fault.path, fault.at),
    message: fault.message,
    hint: fault.hint,
  };
}

function inOrder(problems: readonly Problem[]): readonly Problem[] {
  const rank = ({ line, column }: Problem) => (line ?? 0) * 1e6 + Math.min(column ?? 0, 999_999);
  return [...problems].sort((one, other) => rank(one) - rank(other));
}

function isWithin(path: Path, parent: Path): boolean {
  return parent.every((part, index) => path[index] === part);
}
