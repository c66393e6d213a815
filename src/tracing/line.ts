import type { Receipt } from "../step.ts";

/** `gpt-5-mini → openai · hid 2 (EMAIL, IBAN) · 812+96 tok · $0.0031 · +0.4 ms · call 01J…`: one call, for a developer's eyes. */
export function lineOf(receipt: Receipt): string {
  const hidden = receipt.findings.filter(({ action }) => action === "masked");
  const count = hidden.reduce((sum, finding) => sum + finding.count, 0);
  return [
    `${receipt.model || receipt.operation} → ${receipt.target ?? "nobody"}`,
    receipt.outcome === "answered"
      ? undefined
      : `${receipt.outcome}${receipt.code === undefined ? "" : ` (${receipt.code})`}`,
    count === 0 ? undefined : `hid ${count} (${hidden.map(({ type }) => type).join(", ")})`,
    `${receipt.usage.input}+${receipt.usage.output} tok`,
    `$${(Number(receipt.cost) / 1e12).toFixed(4)}`,
    `+${receipt.overhead.toFixed(1)} ms`,
    `call ${receipt.id}`,
  ]
    .filter((part) => part !== undefined)
    .join(" · ");
}
