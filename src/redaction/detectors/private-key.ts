import type { Detector, Rule } from "./candidate.ts";
import { HYPHEN } from "./characters.ts";

const head = /-----BEGIN (?:[A-Z0-9]{1,12} ){0,4}PRIVATE KEY(?: BLOCK)?-----/y;
const tail = /-----END [A-Z0-9 ]{0,60}-----/y;
const body = /[A-Za-z0-9+/=\s]{64,}/y;
/** Base64 characters that the shortest key has (an Ed25519 key in PKCS #8 has 64). */
const shortest = 48;

/** Finds PEM and OpenPGP private keys, the whole block; one whose end is missing as far as it goes. */
export function createPrivateKeyDetector(rule: Rule): Detector {
  const detect: Detector["detect"] = ({ text }, report) => {
    let close = -2;
    let begin = text.indexOf("-----BEGIN ");
    while (begin >= 0) {
      const next = text.indexOf("-----BEGIN ", begin + 11);
      if (close !== -1 && close < begin) close = text.indexOf("-----END ", begin);
      head.lastIndex = begin;
      if (head.test(text)) {
        const from = head.lastIndex;
        const ended = close >= 0 && (next < 0 || close < next);
        const end = ended ? keyEnd(text, from, close) : truncatedEnd(text, from);
        if (end > from) report(rule, begin, end);
      }
      begin = next;
    }
  };
  return { needs: HYPHEN, shortest, detect };
}

function keyEnd(text: string, from: number, close: number): number {
  tail.lastIndex = close;
  if (!tail.test(text)) return from;
  const characters = text.slice(from, close).replace(/[^A-Za-z0-9+/=]/g, "").length;
  return characters >= shortest ? tail.lastIndex : from;
}

function truncatedEnd(text: string, from: number): number {
  body.lastIndex = from;
  return body.test(text) ? body.lastIndex : from;
}
