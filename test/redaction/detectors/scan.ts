import { type ConfigInput, schema } from "../../../src/config/schema.ts";
import type { RecordList } from "../../../src/redaction/detectors/records.ts";
import { createScanner } from "../../../src/redaction/detectors/scanner.ts";

export function scannerOf(redaction: ConfigInput["redaction"] = {}, lists: readonly RecordList[] = []) {
  return createScanner(schema.parse({ redaction }).redaction, lists);
}

const standard = scannerOf();
/** What is found in a text, each as its rule and its very characters. */
export function found(text: string, scanner = standard): string[] {
  return scanner.scan(text).map((match) => `${match.rule}: ${text.slice(match.start, match.end)}`);
}
