import { quote, yaml } from "./text.ts";

/** Whom to trust, and what name a certificate has to carry. */
export function validation(authorities: string, name: string, kind: "DNS" | "IP_ADDRESS" = "DNS"): string {
  return yaml`
    validation_context:
      trusted_ca: { filename: ${quote(authorities)} }
      match_typed_subject_alt_names:
      - { san_type: ${kind}, matcher: { exact: ${quote(name)} } }
  `;
}
