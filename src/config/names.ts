import type { AttributeName } from "../facts.ts";

export const attributeNames = ["team", "project", "feature", "customer"] as const satisfies readonly AttributeName[];

const printable = /^[!-~](?:[ -~]{0,126}[!-~])?$/;

/**
 * Attribute values name budgets and records: 1 to 128 printable ASCII characters, no space at either end, and not the
 * wildcard `*` of a budget's scope.
 */
export function isAttributeValue(text: string): boolean {
  return text.length <= 128 && text !== "*" && printable.test(text);
}
