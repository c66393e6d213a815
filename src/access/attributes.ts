import { attributeNames, isAttributeValue } from "../config/names.ts";
import { Refusal } from "../errors.ts";
import type { AttributeName, Attributes } from "../facts.ts";
import type { HeaderMap } from "../http.ts";

/** Which attributes are settled, which the caller may name, and which it has to. */
export interface AttributeRules {
  readonly fixed: Attributes;
  /** Without the fixed ones. */
  readonly open: ReadonlySet<AttributeName>;
  readonly required: readonly AttributeName[];
}

export const anyAttribute: AttributeRules = { fixed: {}, open: new Set(attributeNames), required: [] };
export const noAttribute: AttributeRules = { fixed: {}, open: new Set(), required: [] };

const fields = attributeNames.map((name) => ({ name, header: `x-postern-${name}` }));

/**
 * A caller's attributes, from its key and from `x-postern-team`, `-project`, `-feature` and `-customer`; an empty header counts as
 * none. Returns `rules.fixed` itself where no header adds to it. Throws `Refusal`.
 */
export function attributesOf(headers: HeaderMap, rules: AttributeRules): Attributes {
  let attributes = rules.fixed;
  for (const { name, header } of fields) {
    const value = headers[header];
    if (value === undefined || value === "") continue;
    if (typeof value !== "string" || !isAttributeValue(value)) throw new Refusal("invalid_request", { header });
    if (value === attributes[name]) continue;
    if (!rules.open.has(name)) throw new Refusal("attribute_forbidden", { attribute: name });
    attributes = { ...attributes, [name]: value };
  }
  for (const name of rules.required) {
    if (attributes[name] !== undefined) continue;
    throw new Refusal("attribute_required", { attribute: name, header: `x-postern-${name}` });
  }
  return attributes;
}
