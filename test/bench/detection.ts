/**
 * How well the detectors find what labelled public data holds. Not a test: the data does not come with the project.
 * Bundle it with esbuild, then: `node detection.mjs <folder> [-v]`
 * The folder holds pii-sentences, pii-recognizer-cases, phones and secrets, each a .jsonl file; a missing one is skipped.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { schema } from "../../src/config/schema.ts";
import { createScanner, type Match } from "../../src/redaction/detectors/scanner.ts";

interface Span {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}
type Row = Record<string, unknown>;

const [folder = ".", verbose] = process.argv.slice(2);
const all = schema.parse({}).redaction;
const personal = createScanner({ ...all, secrets: "off" }, []);
const none = { email: "off", phone: "off", creditCard: "off", iban: "off", ipAddress: "off", usSsn: "off" } as const;
const secrets = createScanner({ ...all, pii: none }, []);
const names: Record<string, string> = { PHONE_NUMBER: "PHONE", EMAIL_ADDRESS: "EMAIL", IBAN_CODE: "IBAN" };
const structured = new Set(["EMAIL", "PHONE", "CREDIT_CARD", "IBAN", "IP_ADDRESS", "US_SSN"]);

function read(name: string): readonly Row[] {
  const file = join(folder, name);
  if (!existsSync(file)) {
    console.log(`${name}: not there, skipped`);
    return [];
  }
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Row);
}

function covered(span: Span, matches: readonly Match[]): boolean {
  let characters = 0;
  for (const match of matches)
    characters += Math.max(0, Math.min(span.end, match.end) - Math.max(span.start, match.start));
  return characters >= 0.8 * (span.end - span.start);
}

class Table {
  readonly #rows = new Map<string, { gold: number; found: number; reported: number; right: number }>();
  row(name: string) {
    const row = this.#rows.get(name) ?? { gold: 0, found: 0, reported: 0, right: 0 };
    this.#rows.set(name, row);
    return row;
  }
  print(title: string): void {
    const total = { gold: 0, found: 0, reported: 0, right: 0 };
    for (const row of this.#rows.values())
      for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += row[key];
    console.log(`\n${title}`);
    for (const [name, row] of [...this.#rows].sort().concat([["all", total]])) {
      const share = (part: number, whole: number) => (whole === 0 ? "    –" : (part / whole).toFixed(3)).padStart(7);
      console.log(
        `  ${name.padEnd(28)} gold ${String(row.gold).padStart(5)}  recall ${share(row.found, row.gold)}  reported ${String(row.reported).padStart(5)}  precision ${share(row.right, row.reported)}`,
      );
    }
  }
}

function show(kind: string, text: string, start: number, end: number): void {
  if (verbose)
    console.log(
      `${kind} ${JSON.stringify(`${text.slice(Math.max(0, start - 40), start)}«${text.slice(start, end)}»${text.slice(end, end + 25)}`)}`,
    );
}

function sentences(): void {
  const table = new Table();
  for (const row of read("pii-sentences.jsonl")) {
    const text = row.text as string;
    const spans = (row.spans as Span[]).map((span) => ({ ...span, type: names[span.type] ?? span.type }));
    const matches = personal.scan(text);
    for (const span of spans.filter(({ type }) => structured.has(type))) {
      table.row(span.type).gold++;
      if (covered(span, matches)) table.row(span.type).found++;
      else show(`missed ${span.type}`, text, span.start, span.end);
    }
    for (const match of matches) {
      table.row(match.type).reported++;
      if (spans.some((span) => match.start < span.end && match.end > span.start)) table.row(match.type).right++;
      else show(`wrong ${match.type}`, text, match.start, match.end);
    }
  }
  table.print("sentences: found = 80 % of a labelled span covered; right = overlaps a labelled span");
}

function cases(): void {
  const table = new Table();
  for (const row of read("pii-recognizer-cases.jsonl")) {
    const text = row.text as string;
    const type =
      row.entity === null && /phone|mobile/.test(row.file as string)
        ? "PHONE"
        : (names[row.entity as string] ?? (row.entity as string));
    if (!structured.has(type)) continue;
    const matches = personal.scan(text).filter((match) => match.type === type);
    const spans = ((row.spans ?? []) as (Span | [number, number])[]).map((span) =>
      Array.isArray(span) ? { type, start: span[0], end: span[1] } : span,
    );
    for (const span of spans) {
      table.row(type).gold++;
      if (covered(span, matches)) table.row(type).found++;
      else show(`missed ${type}`, text, span.start, span.end);
    }
    for (const match of matches) {
      table.row(type).reported++;
      if (row.n_expected !== 0) table.row(type).right++;
      else show(`wrong ${type}`, text, match.start, match.end);
    }
  }
  table.print("recognizer cases");
}

function phones(): void {
  const table = new Table();
  for (const { e164, national } of read("phones.jsonl") as unknown as { e164: string; national: string }[]) {
    const spaced = e164.replace(/(\d\d)(\d{2,3})(?=\d)/, "$1 $2 ");
    for (const [name, text] of [
      ["+…", e164],
      ["+… spaced", spaced],
      ["national after a word", `phone: ${national}`],
    ] as const) {
      const start = name.startsWith("+") ? 0 : 7;
      const row = table.row(name);
      row.gold++;
      const matches = personal.scan(text);
      row.reported += matches.length;
      row.right += matches.filter((match) => match.type === "PHONE").length;
      if (covered({ type: "PHONE", start, end: text.length }, matches)) row.found++;
      else show(`missed ${name}`, text, start, text.length);
    }
  }
  table.print("phones");
}

function credentials(): void {
  const table = new Table();
  for (const row of read("secrets.jsonl")) {
    const text = row.text as string;
    const matches = secrets.scan(text);
    const line = table.row(row.source as string);
    if (row.label === 1) line.gold++;
    if (matches.length > 0) line.reported++;
    if (row.label === 1 && matches.length > 0) {
      line.found++;
      line.right++;
    } else if (verbose && (row.label === 1 || matches.length > 0)) {
      console.log(
        `${row.label === 1 ? "missed" : "wrong"} ${row.rule} [${matches.map((match) => match.rule)}] ${JSON.stringify(text.slice(0, 200))}`,
      );
    }
  }
  table.print("secrets: rows that hold one, by source (many are told only by their variable's name)");
}

sentences();
cases();
phones();
credentials();
