import { type HttpHead, Refusal } from "../../src/index.ts";

/** Of `response_attributes`; `via_upstream` where the provider answered itself. */
const detailsAttribute = "response.code_details";

/**
 * Why Envoy answered in the provider's place; `undefined` where the provider did. Envoy tells where the attribute `response.code_details`
 * is sent; otherwise its own answers are known by their looks: plain text about a gateway's troubles.
 * @param left the request has been let through.
 */
export function localFailure(
  head: HttpHead,
  attributes: Readonly<Record<string, string>>,
  left: boolean,
): Refusal | undefined {
  const details = attributes[detailsAttribute];
  if (!left) return new Refusal(head.status === 413 ? "body_too_large" : "internal_error");
  if (details === "via_upstream") return undefined;
  if (details !== undefined) return failureOf(details, head.status);
  const plain = head.headers["content-type"] === "text/plain";
  return plain && head.status >= 502 && head.status <= 504 ? failureOf("", head.status) : undefined;
}

function failureOf(details: string, status: number): Refusal {
  if (/timeout/.test(details) || status === 504) return new Refusal("upstream_timeout");
  if (/route|direct_response|cluster_not_found/.test(details)) return new Refusal("no_target");
  return new Refusal(/started|reset_after|protocol/.test(details) ? "upstream_broken" : "upstream_unreachable");
}
