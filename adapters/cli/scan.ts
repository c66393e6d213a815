import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { createTextScanner, loadConfig, parseConfig } from "../../src/index.ts";
import { type Command, flag, text, UsageError, unreadable } from "./command.ts";
import { toTable } from "./print.ts";

const usage = `postern scan FILE|- [--config FILE] [--show] [--json]

  Looks for personal data and secrets in a text or JSON file (-: standard input) as redaction would, with line and column of each.
  Lines and columns count from 1, columns in UTF-16 units. What is found is not printed.
  --config FILE   with that config's redaction; without it, with the defaults
  --show          prints what is found, too

Exit codes: 0 nothing found, 1 something found or not done, 2 wrong words.
`;

interface Finding {
  readonly rule: string;
  readonly type: string;
  readonly action: string;
  readonly line: number;
  readonly column: number;
  readonly length: number;
  readonly value?: string;
}

export const scan: Command = {
  summary: "look for personal data and secrets in a file",
  usage,
  async run(words, output) {
    const options = { config: text, show: flag, json: flag };
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true });
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw new UsageError("expected: scan FILE, or scan -");
    const config = values.config === undefined ? parseConfig({}) : await loadConfig(values.config);
    const scanner = await createTextScanner(config.redaction);
    const subject = await read(file);
    const at = locator(subject);
    const findings = scanner.scan(subject).map(({ rule, type, action, start, end }): Finding => {
      const value = values.show === true && { value: subject.slice(start, end) };
      return { rule, type, action, ...at(start), length: end - start, ...value };
    });
    const counts = countsOf(findings);
    if (values.json) output.out(`${JSON.stringify({ counts, findings })}\n`);
    else output.out(findings.length === 0 ? "nothing found\n" : described(findings, counts));
    return findings.length === 0 ? 0 : 1;
  },
};

async function read(file: string): Promise<string> {
  const name = file === "-" ? "standard input" : file;
  const bytes = await (file === "-" ? readInput() : readFile(file)).catch(unreadable(name));
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`${name} is not UTF-8`);
  }
}

async function readInput(): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of process.stdin) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

/** Line and column of places that are asked for from left to right. */
function locator(subject: string): (place: number) => { readonly line: number; readonly column: number } {
  let line = 1;
  let start = 0;
  let next = subject.indexOf("\n");
  return (place) => {
    while (next >= 0 && next < place) {
      line += 1;
      start = next + 1;
      next = subject.indexOf("\n", start);
    }
    return { line, column: place - start + 1 };
  };
}

function countsOf(findings: readonly Finding[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = Object.create(null);
  for (const { rule } of findings) counts[rule] = (counts[rule] ?? 0) + 1;
  return counts;
}

function described(findings: readonly Finding[], counts: Readonly<Record<string, number>>): string {
  const rows = findings.map(({ line, column, rule, action, value = "" }) => [`${line}:${column}`, rule, action, value]);
  const total = Object.entries(counts).map(([rule, count]) => `${rule} × ${count}`);
  return `${toTable([["place", "kind", "action", ""], ...rows])}\n${total.join(", ")}\n`;
}
