import type { Config } from "../config/schema.ts";
import type { Dialect } from "../dialects/dialect.ts";
import type { Document, RuleNode, Slot } from "../slot.ts";
import type { Match, Scanner } from "./detectors/scanner.ts";
import type { Findings, Objections } from "./findings.ts";
import { findLookAlikes } from "./placeholder.ts";
import type { Vault } from "./vault.ts";

/** What is looked for, for all calls. */
export interface Policy {
  readonly scanner: Scanner;
  /** Types whose placeholders may be restored, so that the caller's own look-alikes of them are hidden too. */
  readonly types: ReadonlySet<string>;
  /** The keys that a wire names itself: harmless, and most of all keys. */
  wordsOf(dialect: Dialect): ReadonlySet<string>;
}

/** The type of a look-alike that the caller wrote: it comes back as it was and can never fetch another value. */
const literal = "LITERAL";

/** Types of which an id (`call_4155550100`) may hold one by chance: there, only a whole string counts. */
const numeric = new Set(["PHONE", "CREDIT_CARD", "IBAN", "IP_ADDRESS", "US_SSN"]);

export function createPolicy(scanner: Scanner, config: Config["redaction"]): Policy {
  const masked = Object.entries(config.pii).filter(([, action]) => action === "mask");
  const types = masked.map(([name]) => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase());
  const lists = config.lists.filter(({ action }) => action === "mask").map(({ name }) => name.toUpperCase());
  const words = new Map<Dialect, ReadonlySet<string>>();
  return {
    scanner,
    types: new Set([literal, ...types, ...lists]),
    wordsOf(dialect) {
      const known = words.get(dialect) ?? new Set(keysIn(dialect.requestRules));
      words.set(dialect, known);
      return known;
    },
  };
}

function keysIn(node: RuleNode | undefined): readonly string[] {
  if (node === undefined) return [];
  const below = [...(node.keys ?? [])].flatMap(([key, child]) => [key, ...keysIn(child)]);
  return [...below, ...keysIn(node.items)];
}

/** Everything that one call's inspection writes to. */
export interface Ledger {
  readonly vault: Vault;
  readonly findings: Findings;
  readonly objections: Objections;
}

/** Hides what a body holds, slot by slot in prompt order, so that a conversation sent again gets the same numbers. */
export function inspectDocument(document: Document, dialect: Dialect, policy: Policy, ledger: Ledger): void {
  const words = policy.wordsOf(dialect);
  for (const slot of document.slots) {
    if (slot.kind === "text") inspectText(document, slot, policy, ledger);
    else if (slot.kind === "opaque" || (slot.kind === "key" && !words.has(slot.text))) {
      inspectFixed(slot.text, `${slot.section}, ${slot.kind}`, policy, ledger);
    }
  }
}

function inspectText(document: Document, slot: Slot, policy: Policy, ledger: Ledger): void {
  const { text } = slot;
  const { vault } = ledger;
  const found = policy.scanner.scan(text);
  const hidden = found.length === 0 ? found : found.filter((match) => isHidden(match, slot.section, ledger));
  for (const { start, end, type, kind } of hidden) {
    document.replace(slot, start, end, vault.hide(type, text.slice(start, end), kind), kind);
  }
  if (!text.includes("[")) return;
  let from = 0;
  for (const { start, end } of [...hidden, { start: text.length, end: text.length }]) {
    hideLookAlikes(document, slot, from, start, policy, vault);
    from = end;
  }
}

/** Counts the match; `true` where it has to be masked. */
function isHidden(match: Match, place: string, { findings, objections }: Ledger): boolean {
  if (match.action === "mask") findings.add(match.type, "masked");
  else if (match.action === "flag") findings.add(match.type, "flagged");
  else {
    findings.add(match.type, "blocked");
    objections.add(blockedAs(match.kind), match.type, place);
  }
  return match.action === "mask";
}

const blockedAs = (kind: Match["kind"]) => (kind === "secret" ? "secret_blocked" : "personal_data_blocked");

/** Between two edits: a look-alike that reaches into an edit is none any more. */
function hideLookAlikes(document: Document, slot: Slot, from: number, to: number, policy: Policy, vault: Vault): void {
  const text = slot.text.slice(from, to);
  for (const { start, end } of findLookAlikes(text, policy.types)) {
    const label = vault.hide(literal, text.slice(start, end), "personal");
    document.replace(slot, from + start, from + end, label, "personal");
  }
}

/**
 * A string that cannot be edited: an id, a key, a header, a signed thought. A look-alike in it stays: it is not personal, and a signed
 * thought that the model wrote in an earlier turn (`the address is [EMAIL_1]`) has to come back as it was signed. The history that
 * comes with it is numbered as before, so there it still means the same value.
 */
export function inspectFixed(text: string, place: string, policy: Policy, { findings, objections }: Ledger): void {
  for (const { start, end, type, kind, action } of policy.scanner.scan(text)) {
    if (numeric.has(type) && end - start < text.length && !text.includes(" ")) continue;
    findings.add(type, action === "flag" ? "flagged" : "blocked");
    if (action === "mask") objections.add("unmaskable", type, place);
    else if (action === "block") objections.add(blockedAs(kind), type, place);
  }
}
