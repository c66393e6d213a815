import type { Config } from "../../config/schema.ts";
import { type Candidate, createRule, type Detector, type Report, type Rule } from "./candidate.ts";
import { ALL, AT, COLON, HEX, is } from "./characters.ts";
import { reportEmail } from "./email.ts";
import { reportIpv6 } from "./ip.ts";
import { createNumberDetector } from "./numbers.ts";
import { createPrivateKeyDetector } from "./private-key.ts";
import { type RecordList, shortestWord } from "./records.ts";
import { resolve } from "./resolve.ts";
import { createSecretDetector, secretFormats } from "./secrets.ts";
import { type Source, SourceReader } from "./source.ts";
import { reportUrlCredentials } from "./url-credentials.ts";
import { WordReader } from "./words.ts";

/** Something found: UTF-16 range [start, end) of the text that was scanned. */
export interface Match {
  readonly start: number;
  readonly end: number;
  /** EMAIL, PHONE, CREDIT_CARD, IBAN, IP_ADDRESS, US_SSN, SECRET, or a list's name in upper case. */
  readonly type: string;
  readonly kind: "personal" | "secret";
  readonly action: "mask" | "block" | "flag";
  /** For counts and records: `email`, `github_token`, `list:customers`. */
  readonly rule: string;
}

export interface Scanner {
  /** Sorted by place, never overlapping; a function of the text alone. Takes time linear in its length. */
  scan(text: string): readonly Match[];
}

const nothing: readonly Match[] = Object.freeze([]);

/** Detectors whose action is `off` do not run. Secret formats that the config does not name are blocked. */
export function createScanner(config: Config["redaction"], records: readonly RecordList[]): Scanner {
  const detectors = [...createDetectors(config), ...createListDetector(records)];
  const allowed = new Set(config.allow);
  const reader = new SourceReader();
  let text = "";
  let candidates: Candidate[] = [];
  const report: Report = (rule, from, to) => {
    const [start, end] = reader.range(from, to);
    if (allowed.size === 0 || !allowed.has(text.slice(start, end))) candidates.push({ rule, start, end });
  };
  const detectAll = (source: Source): void => {
    for (const { needs, shortest, detect } of detectors) {
      if (source.length >= shortest && (source.classes & needs) !== 0) detect(source, report);
    }
  };
  return {
    scan(subject) {
      text = subject;
      try {
        detectAll(reader.read(text));
        return candidates.length === 0 ? nothing : resolve(candidates).map(toMatch);
      } finally {
        text = "";
        if (candidates.length > 0) candidates = [];
        reader.wipe();
      }
    },
  };
}

function toMatch({ rule: { type, kind, action, rule }, start, end }: Candidate): Match {
  return { start, end, type, kind, action, rule };
}

function createListDetector(records: readonly RecordList[]): readonly Detector[] {
  const lists = records.flatMap((list) =>
    list.action === "off"
      ? []
      : [{ list, rule: createRule(list.name.toUpperCase(), list.action, `list:${list.name}`, true) }],
  );
  if (lists.length === 0) return [];
  const reader = new WordReader();
  const detect: Detector["detect"] = (source, report) => {
    const words = reader.read(source);
    for (const { list, rule } of lists) list.find(words, (start, end) => report(rule, start, end));
    reader.wipe();
  };
  return [{ needs: ALL, shortest: shortestWord, detect }];
}

function createDetectors({ pii, secrets }: Config["redaction"]): readonly Detector[] {
  const personal = (type: string, name: string, action: typeof pii.email) =>
    action === "off" ? undefined : createRule(type, action, name);
  const detectors: Detector[] = [];
  const ip = personal("IP_ADDRESS", "ip_address", pii.ipAddress);
  const numbers = {
    card: personal("CREDIT_CARD", "credit_card", pii.creditCard),
    ssn: personal("US_SSN", "us_ssn", pii.usSsn),
    iban: personal("IBAN", "iban", pii.iban),
    phone: personal("PHONE", "phone", pii.phone),
    ip,
  };
  if (Object.values(numbers).some((rule) => rule !== undefined)) detectors.push(createNumberDetector(numbers));
  if (ip !== undefined) detectors.push(createIpv6Detector(ip));
  const formats = createSecretRules(secrets);
  const credentials = formats.get("url_credentials");
  const email = personal("EMAIL", "email", pii.email);
  if (email !== undefined || credentials !== undefined) detectors.push(createAtDetector(email, credentials));
  const privateKey = formats.get("private_key");
  if (privateKey !== undefined) detectors.push(createPrivateKeyDetector(privateKey));
  if (formats.size > 0) detectors.push(createSecretDetector(formats));
  return detectors;
}

function createSecretRules(secrets: Config["redaction"]["secrets"]): ReadonlyMap<string, Rule> {
  const rules = new Map<string, Rule>();
  for (const name of secretFormats) {
    const action = typeof secrets === "string" ? secrets : (secrets[name] ?? "block");
    if (action !== "off") rules.set(name, createRule("SECRET", action, name));
  }
  return rules;
}

function createAtDetector(email: Rule | undefined, credentials: Rule | undefined): Detector {
  const detect: Detector["detect"] = (source, report) => {
    const { text } = source;
    for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
      if (!reportUrlCredentials(source, at, credentials, report) && email !== undefined)
        reportEmail(source, at, email, report);
    }
  };
  return { needs: AT, shortest: "a@b.cd".length, detect };
}

/** Eight groups of hexadecimal digits, or two colons together. */
function createIpv6Detector(rule: Rule): Detector {
  const detect: Detector["detect"] = (source, report) => {
    const { text, units } = source;
    for (let colon = text.indexOf(":"); colon >= 0; ) {
      const likely = is(units, colon + 1, HEX | COLON);
      const next = likely ? reportIpv6(source, colon, rule, report) : 0;
      colon = text.indexOf(":", Math.max(next, colon + 1));
    }
  };
  return { needs: COLON, shortest: "1::2".length, detect };
}
