import { jsonSchema } from "../../src/config/schema.ts";

/** The config's JSON Schema as it stands in the package. */
export function schemaFile(): string {
  const { $schema, ...rest } = jsonSchema();
  return `${JSON.stringify({ $schema, title: "The config of a Postern gateway", ...rest }, undefined, 2)}\n`;
}
