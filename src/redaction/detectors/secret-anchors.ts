import { Buffer } from "node:buffer";

/** A credential that is not known by its first characters but by its shape, or by the word before it. */
export interface AnchoredFormat {
  readonly name: string;
  /** Sticky, tried where a token begins; group 1, when there is one, is the secret part. */
  readonly pattern: RegExp;
  /** Has to match the text that ends where the token begins. */
  readonly before: RegExp | undefined;
  readonly entropy: number;
  readonly check: ((match: string) => boolean) | undefined;
}

type Extra = { before?: RegExp; entropy?: number; check?: (match: string) => boolean };
const format = (name: string, pattern: RegExp, { before, entropy = 3, check }: Extra = {}): AnchoredFormat => ({
  name,
  pattern,
  before,
  entropy,
  check,
});

/** The first part of a Discord bot's token is its numeric id, in base64. */
const isDiscordId = (match: string) =>
  /^\d{17,20}$/.test(Buffer.from(match.slice(0, match.indexOf(".")), "base64url").toString("latin1"));
const isBasic = (match: string) =>
  /^[\x20-\x7e]*[^:]:[^:][\x20-\x7e]*$/.test(Buffer.from(match, "base64").toString("latin1"));
const hasDigitAndLetter = (match: string) => /\d/.test(match) && /[a-z]/i.test(match);

export const anchored: readonly AnchoredFormat[] = [
  format("telegram_token", /\d{8,10}:AA[\w-]{33}(?![\w-])/y),
  format("discord_token", /[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,40}(?![\w-])/y, { check: isDiscordId }),
  format("mailchimp_key", /[0-9a-f]{32}-us\d{1,2}(?![\w-])/y),
  format("azure_client_secret", /[\w~.]{3}\dQ~[\w~.-]{31,34}(?![\w~.-])/y),
  format("azure_key", /[A-Za-z0-9]{52}JQQJ9[9D][A-Za-z0-9]{26}(?![A-Za-z0-9])/y),
  format("terraform_token", /[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,70}(?![\w-])/y),
  format("azure_storage_key", /[A-Za-z0-9+/]{86}==/y, {
    before: /(?:Account|SharedAccess|Primary|Secondary)[-_ ]?Key["']?\s{0,3}[=:]\s{0,3}["']?$/i,
    entropy: 4,
  }),
  format("azure_sas", /[A-Za-z0-9+/]{43}=/y, { before: /[?&;]sig=$/i, entropy: 4 }),
  format("aws_secret_key", /[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])/y, {
    before: /(?:aws|amazon|secret[-_ ]?(?:access)?[-_ ]?key|A[KS]IA[A-Z2-7]{16})[^\n]{0,20}\n?[^\n]{0,28}$/i,
    entropy: 4,
    check: hasDigitAndLetter,
  }),
  format("basic_auth", /[A-Za-z0-9+/]{8,}={0,2}/y, { before: /\bBasic\s{1,3}$/i, entropy: 2.5, check: isBasic }),
  format("bearer_token", /[\w.~+/-]{16,}={0,2}/y, {
    before: /\b(?:Bearer|authorization["']?\s{0,2}[:=]\s{0,2}["']?(?:token|apikey))\s{1,3}$/i,
    check: hasDigitAndLetter,
  }),
];
