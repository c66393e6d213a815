import type { Config } from "../config/schema.ts";
import { loadRecordList } from "./detectors/records.ts";
import { createScanner, type Scanner } from "./detectors/scanner.ts";

/** What redaction looks for in one text: the same detectors, with the config's lists. Rejects where a list cannot be read. */
export async function createTextScanner(config: Config["redaction"]): Promise<Scanner> {
  return createScanner(config, await Promise.all(config.lists.map(loadRecordList)));
}
