import fc from "fast-check";
import { FirstWords } from "../../../src/redaction/detectors/first-words.ts";
import { SourceReader } from "../../../src/redaction/detectors/source.ts";
import { WordReader } from "../../../src/redaction/detectors/words.ts";

const hash = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const entries = fc.array(fc.record({ hash, words: fc.integer({ min: 1, max: 32 }) }), { maxLength: 60 });

describe("the first words of a list", () => {
  it("are known with at least the length of their longest entry, however crowded the table is", () => {
    fc.assert(
      fc.property(entries, (all) => {
        const table = new FirstWords(16);
        for (const { hash, words } of all) table.add(hash, words);
        for (const { hash, words } of all) expect(table.mostBehind(hash)).toBeGreaterThanOrEqual(words);
      }),
    );
  });

  it("are mostly told from other words, at one entry to four places", () => {
    const text = Array.from({ length: 11_024 }, (_, index) => `word${index.toString(36)}`).join(" ");
    const hashes = new WordReader().read(new SourceReader().read(text)).hashes.subarray(0, 11_024);
    const table = new FirstWords(4_096);
    for (const hash of hashes.subarray(0, 1_024)) table.add(hash, 2);
    const taken = hashes.subarray(1_024).filter((hash) => table.mostBehind(hash) > 0).length;
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(700);
  });
});
