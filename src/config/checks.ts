import { statSync } from "node:fs";
import { resolve } from "node:path";
import { secretFormats } from "../redaction/detectors/secrets.ts";
import type { Path } from "../slot.ts";
import { checkPassThrough } from "./checks-pass-through.ts";
import { checkModels, checkRegions } from "./checks-routing.ts";
import { checkTarget } from "./checks-target.ts";
import { type Loose, listOf, mapOf, textOf } from "./loose.ts";
import { type Fault, printedName } from "./problems.ts";
import type { SecretSource } from "./secrets.ts";
import { choose } from "./suggest.ts";

export interface Surroundings extends SecretSource {
  /** A key itself, not a reference, may be passed in code and never stands in a file. */
  readonly literals: boolean;
}

export type Report = (path: Path, message: string, hint: string, at?: Fault["at"]) => void;

/**
 * What one part of a config says about another. It reads the input, not the checked config, so that its faults are
 * reported beside those of the schema; parts of a wrong type are left to the schema.
 */
export function crossChecks(input: unknown, surroundings: Surroundings): readonly Fault[] {
  const faults: Fault[] = [];
  const report: Report = (path, message, hint, at = "value") => faults.push({ path, at, message, hint });
  const config = mapOf(input);
  for (const [name, target] of Object.entries(mapOf(config.targets))) {
    checkTarget(["targets", name], mapOf(target), config.access !== undefined, surroundings, report);
  }
  checkModels(config, report);
  checkRegions(config, report);
  checkKeys(config, report);
  checkBudgets(config, report);
  checkSecretFormats(config, report);
  checkLists(config, surroundings, report);
  checkPrompts(config, surroundings, report);
  checkPassThrough(config, report);
  return faults;
}

function checkKeys(config: Loose, report: Report): void {
  const seen = new Set<string>();
  listOf(mapOf(config.access).keys).forEach((key, index) => {
    for (const field of ["id", "hash"]) {
      const value = textOf(mapOf(key)[field]);
      if (value === undefined) continue;
      const hint = field === "id" ? "give each key an id of its own" : "remove one of the two, or make a new key";
      if (seen.has(`${field} ${value}`))
        report(["access", "keys", index, field], `another key has this ${field}`, hint);
      seen.add(`${field} ${value}`);
    }
  });
}

function checkBudgets(config: Loose, report: Report): void {
  const ids = listOf(mapOf(config.access).keys).flatMap((key) => textOf(mapOf(key).id) ?? []);
  const seen = new Set<string>();
  listOf(config.budgets).forEach((budget, index) => {
    const { scope, window = "month" } = mapOf(budget);
    const key = textOf(mapOf(scope).key);
    if (key !== undefined && key !== "*" && !ids.includes(key)) {
      report(["budgets", index, "scope", "key"], `there is no key ${printedName(key)}`, choose(key, ids, "keys"));
    }
    const line = JSON.stringify([
      window,
      ...Object.entries(mapOf(scope))
        .map((entry) => JSON.stringify(entry))
        .sort(),
    ]);
    if (seen.has(line))
      report(["budgets", index], "another budget has this scope and window", "keep the one that you mean");
    seen.add(line);
  });
}

function checkSecretFormats(config: Loose, report: Report): void {
  for (const format of Object.keys(mapOf(mapOf(config.redaction).secrets))) {
    if (secretFormats.includes(format)) continue;
    const hint = choose(format, secretFormats, "formats");
    report(["redaction", "secrets", format], "there is no such format of secrets", hint, "key");
  }
}

const builtInTypes = new Set(["EMAIL", "PHONE", "CREDIT_CARD", "IBAN", "IP_ADDRESS", "US_SSN", "SECRET", "LITERAL"]);

function checkLists(config: Loose, { directory }: Surroundings, report: Report): void {
  const seen = new Set<string>();
  listOf(mapOf(config.redaction).lists).forEach((list, index) => {
    const { name, file } = mapOf(list);
    const type = textOf(name)?.toUpperCase();
    const path = ["redaction", "lists", index];
    if (type !== undefined && builtInTypes.has(type))
      report([...path, "name"], `${type} is a built-in type`, "choose another name");
    if (type !== undefined && seen.has(type))
      report([...path, "name"], "another list has this name", "choose another name");
    if (type !== undefined) seen.add(type);
    if (typeof file === "string" && file !== "" && kindOf(resolve(directory, file)) !== "file") {
      report([...path, "file"], "there is no such file", "the path is relative to the config's directory");
    }
  });
}

function checkPrompts(config: Loose, { directory }: Surroundings, report: Report): void {
  const from = textOf(mapOf(config.prompts).from);
  if (from === undefined || from === "" || kindOf(resolve(directory, from)) === "folder") return;
  report(["prompts", "from"], "there is no such folder", "the path is relative to the config's directory");
}

function kindOf(path: string): "file" | "folder" | undefined {
  try {
    const found = statSync(path);
    if (found.isFile()) return "file";
    return found.isDirectory() ? "folder" : undefined;
  } catch {
    return undefined;
  }
}
