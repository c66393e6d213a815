import type { Config } from "../config/schema.ts";
import { type Facts, facts, type Redacted, type RedactedBytes } from "../facts.ts";
import type { Document } from "../slot.ts";
import type { AttemptContext, AttemptHooks, CallContext, CallHooks, Parts, Step } from "../step.ts";
import type { Scanner } from "./detectors/scanner.ts";
import { createFindings, createObjections, renderFindings } from "./findings.ts";
import { inspectHead } from "./head.ts";
import { createPolicy, inspectDocument, type Policy } from "./inspection.ts";
import { createRestorer } from "./restorer.ts";
import { scrub, scrubValue } from "./scrub.ts";
import { Vault } from "./vault.ts";

/**
 * Hides personal data and secrets in what is sent, and puts the personal data back into what is answered. What cannot be hidden where it
 * stands, or may not be sent at all, refuses the call: `unmaskable`, `personal_data_blocked`, `secret_blocked`.
 */
export function createRedaction(scanner: Scanner, config: Config["redaction"], { log }: Pick<Parts, "log">): Step {
  const policy = createPolicy(scanner, config);
  return { name: "redaction", open: (call) => openCall(call, policy, log) };
}

function openCall(call: CallContext, policy: Policy, log: Parts["log"]): CallHooks {
  const vault = new Vault();
  const findings = createFindings();
  const clean = (text: string): Redacted => scrub(text, vault, policy.scanner);
  call.facts.set(facts.findings, findings.counts);
  call.facts.set(facts.scrub, clean);
  return {
    head() {
      const objections = createObjections();
      const attributes = call.facts.get(facts.caller)?.attributes ?? {};
      inspectHead(call.head, call.dialect, attributes, policy, { vault, findings, objections });
      objections.raise();
    },
    request(document) {
      if (document === undefined) return;
      const objections = createObjections();
      call.facts.set(facts.payload, () => payloadOf(document, call.facts, clean));
      inspectDocument(document, call.dialect, policy, { vault, findings, objections });
      objections.raise();
    },
    attempt: (attempt) => openAttempt(attempt, call, vault, log),
    answer() {
      const found = renderFindings(findings.counts);
      return found === undefined ? {} : { "x-postern-findings": found };
    },
  };
}

function openAttempt(attempt: AttemptContext, call: CallContext, vault: Vault, log: Parts["log"]): AttemptHooks | void {
  // Neither an observed call nor a trusted target got any placeholder, so one in the answer is the model's own word.
  if (call.mode === "observe" || attempt.target.trusted || !vault.restorable) return;
  const restorer = createRestorer(vault, attempt.dialect);
  return {
    event: restorer.event,
    close: restorer.close,
    done({ target, model }) {
      const invented = restorer.invented();
      if (invented === 0) return;
      const told = call.facts.get(facts.scrub)?.(model);
      log.warn({ call: call.id, target, model: told, invented }, "the answer has placeholders that were never given");
    },
  };
}

/** The edited body; where something found in it could not be edited (flagged, blocked, observed), its value with every string scrubbed. */
function payloadOf(document: Document, of: Facts, clean: (text: string) => Redacted): RedactedBytes {
  const masked = (of.get(facts.findings) ?? []).every(({ action }) => action === "masked");
  if (masked) return document.render() as RedactedBytes;
  return Buffer.from(JSON.stringify(scrubValue(document.get([]), clean))) as Uint8Array as RedactedBytes;
}
