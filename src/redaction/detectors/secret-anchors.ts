import { Buffer } from "node:buffer";
import { TOKEN, VALUE } from "./characters.ts";

/** A credential that is not known by its first characters but by its shape, or by the word before it. */
export interface AnchoredFormat {
  readonly name: string;
  /** How long the run of letters, digits, `_` and `-` is that it begins with, and what follows that run; "": anything. */
  readonly least: number;
  readonly most: number;
  readonly next: string;
  /** How many characters of which class it begins with at least, where that tells more than the run; asked before the pattern is tried. */
  readonly lead: readonly [count: number, classes: number] | undefined;
  /** Sticky, tried where a token begins; group 1, when there is one, is the secret part. */
  readonly pattern: RegExp;
  /** The characters of which one has to stand before, where only `before` makes it a credential; asked first, it keeps the cost low. */
  readonly after: string | undefined;
  /** Has to match the text that ends where the token begins. */
  readonly before: RegExp | undefined;
  readonly entropy: number;
  readonly check: ((match: string) => boolean) | undefined;
}

type Extra = Partial<
  Pick<AnchoredFormat, "least" | "most" | "next" | "lead" | "after" | "before" | "entropy" | "check">
>;
const anything: Omit<AnchoredFormat, "name" | "pattern"> = {
  least: 0,
  most: Number.POSITIVE_INFINITY,
  next: "",
  lead: undefined,
  after: undefined,
  before: undefined,
  entropy: 3,
  check: undefined,
};
const format = (name: string, pattern: RegExp, extra: Extra = {}): AnchoredFormat => ({
  name,
  pattern,
  ...anything,
  ...extra,
});

/** The first part of a Discord bot's token is its numeric id, in base64. */
const isDiscordId = (match: string) =>
  /^\d{17,20}$/.test(Buffer.from(match.slice(0, match.indexOf(".")), "base64url").toString("latin1"));
const isBasic = (match: string) =>
  /^[\x20-\x7e]*[^:]:[^:][\x20-\x7e]*$/.test(Buffer.from(match, "base64").toString("latin1"));
const hasDigitAndLetter = (match: string) => /\d/.test(match) && /[a-z]/i.test(match);

/** Digits and letters mixed, and no host name, version, path or file name. */
const isRandom = (match: string) =>
  /\d.*\d/.test(match) && /[a-z]/i.test(match) && !/[a-z]{4}[./][a-z]{2,}|\d\.\d/i.test(match);

/** What a credential is called where it is assigned, `clientSecret: "…"`; tokens that only mark a place in a list are none. */
const assignment =
  /(?<!(?:page|next|previous|prev|continuation|sync|cursor|csrf|xsrf|max|input|output|total)[_-]?)(?:secret|token|api[_-]?key|(?:access|auth|private|secret|encryption)[_-]?key|passw(?:or)?d|pwd|credential)s?["'`]?\]?(?:\s{0,3}(?:[?:.]{0,3}=|=>|:)\s{0,3}["'`]?|["'`],\s{0,2}["'`]| {1,3}string = ["'`]|>\s{0,12}["'`]?)$/i;

const SPACES = " \t";
const ASSIGN = "=:\"'`> \t\n";

export const anchored: readonly AnchoredFormat[] = [
  format("telegram_token", /\d{8,10}:(?:AA[\w-]{32,33}|[\w-]{35})(?![\w-])/y, {
    least: 8,
    most: 10,
    next: ":",
    check: hasDigitAndLetter,
  }),
  format("jwt", /ey[A-Za-z0-9]{17,}\.ey[\w/-]{17,}\.(?:[\w/-]{10,}={0,2})?/y, { least: 19, next: "." }),
  format("facebook_token", /\d{15,16}\|[\w-]{27,40}(?![\w-])/y, {
    least: 15,
    most: 16,
    next: "|",
    check: hasDigitAndLetter,
  }),
  format("vault_token", /s\.[A-Za-z0-9]{24}(?![\w-])/y, {
    least: 1,
    most: 1,
    next: ".",
    entropy: 3.5,
    check: hasDigitAndLetter,
  }),
  format("okta_token", /00[\w-]{40}(?![\w-])/y, {
    least: 42,
    most: 42,
    after: ASSIGN,
    before: /okta[^\n]{0,40}$/i,
    check: hasDigitAndLetter,
  }),
  format("discord_token", /[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,40}(?![\w-])/y, {
    least: 24,
    most: 28,
    next: ".",
    check: isDiscordId,
  }),
  format("mailchimp_key", /[0-9a-f]{32}-us\d{1,2}(?![\w-])/y, { least: 36, most: 37 }),
  format("azure_client_secret", /\w{3}\dQ~[\w~.-]{31,34}(?![\w~.-])/y, { least: 5, most: 5, next: "~" }),
  format("azure_key", /[A-Za-z0-9]{52}JQQJ9[9D][A-Za-z0-9]{26}(?![A-Za-z0-9])/y, { least: 84, most: 84 }),
  format("terraform_token", /[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,70}(?![\w-])/y, { least: 14, most: 14, next: "." }),
  format("azure_storage_key", /[A-Za-z0-9+/]{60,88}={0,2}(?![A-Za-z0-9+/=])/y, {
    lead: [60, TOKEN],
    after: `${ASSIGN}\r\v\f`,
    before: /(?:Account|SharedAccess|Primary|Secondary)[-_ ]?Key["']?\s{0,3}[=:]\s{0,3}["']?$/i,
    entropy: 4,
  }),
  format("azure_sas", /[A-Za-z0-9+/]{43}=/y, { lead: [43, TOKEN], after: "=", before: /[?&;]sig=$/i, entropy: 4 }),
  format("aws_secret_key", /[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])/y, {
    lead: [40, TOKEN],
    after: ASSIGN,
    before: /(?:aws|amazon|secret[-_ ]?(?:access)?[-_ ]?key|A[KS]IA[A-Z2-7]{16})[^\n]{0,20}\n?[^\n]{0,28}$/i,
    entropy: 4,
    check: hasDigitAndLetter,
  }),
  format("basic_auth", /[A-Za-z0-9+/]{8,2000}={0,2}/y, {
    lead: [8, TOKEN],
    after: SPACES,
    before: /\bBasic\s{1,3}$/i,
    entropy: 2.5,
    check: isBasic,
  }),
  format("bearer_token", /[\w.~+/-]{16,2000}={0,2}/y, {
    lead: [16, VALUE],
    after: SPACES,
    before: /\b(?:Bearer|authorization["']?\s{0,2}[:=]\s{0,2}["']?(?:token|apikey))\s{1,3}$/i,
    check: hasDigitAndLetter,
  }),
  format("assigned_secret", /[\w.~+/=-]{15,200}(?![\w.~+/=-])/y, {
    lead: [15, VALUE],
    after: ASSIGN,
    before: assignment,
    entropy: 3.3,
    check: isRandom,
  }),
  format("newrelic_key", /[0-9a-f]{36}NRAL(?![\w-])/y, { least: 40, most: 40 }),
];
