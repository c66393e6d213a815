import { commandLineReference } from "./command-line.ts";
import { configReference } from "./config.ts";
import { errorsReference } from "./errors.ts";
import { headersReference } from "./headers.ts";
import { metricsReference } from "./metrics.ts";
import { schemaFile } from "./schema.ts";

/** Files of the repository that are made from code, and what makes them. */
export const generated: Readonly<Record<string, () => string>> = {
  "schema/config.schema.json": schemaFile,
  "docs/command-line.md": commandLineReference,
  "docs/reference/config.md": configReference,
  "docs/reference/errors.md": errorsReference,
  "docs/reference/headers.md": headersReference,
  "docs/reference/metrics.md": metricsReference,
};
