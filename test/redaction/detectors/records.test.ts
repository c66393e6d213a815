import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadRecordList, mostEntries, type RecordList } from "../../../src/redaction/detectors/records.ts";
import { found, scannerOf } from "./scan.ts";

const folder = mkdtempSync(join(tmpdir(), "records-"));
afterAll(() => rmSync(folder, { recursive: true }));

function load(text: string, action: RecordList["action"] = "mask", name = "customers"): Promise<RecordList> {
  const file = join(folder, "list.txt");
  writeFileSync(file, text);
  return loadRecordList({ name, file, action });
}
async function finder(text: string) {
  const scanner = scannerOf({}, [await load(text)]);
  return (subject: string) => found(subject, scanner).map((entry) => entry.replace("list:customers: ", ""));
}

describe("a list of the operator's own records", () => {
  it("is found on the borders of words, whatever the case, the white space and the compatibility form", async () => {
    const find = await finder("Jane van der Berg\nAC-1009-334\nFerro\nMüller GmbH & Co. KG\n");
    expect(find("ask Jane van der Berg.")).toEqual(["Jane van der Berg"]);
    expect(find("ask JANE  VAN\n\tder berg's")).toEqual(["JANE  VAN\n\tder berg"]);
    expect(find("(ac-1009-334)")).toEqual(["ac-1009-334"]);
    expect(find("Ｊａｎｅ van der Berg, Mu\u0308ller GmbH & Co. KG")).toEqual([
      "Ｊａｎｅ van der Berg",
      "Mu\u0308ller GmbH & Co. KG",
    ]);
    expect(find("\\nFerro\\u0020and ferro_2")).toEqual(["Ferro", "ferro"]);
    expect(find("Jane van der Bergen, AC-1009-3345, xAC-1009-334, AC 1009 334, Ferrous, Jane van")).toEqual([]);
  });

  it("finds the longest entry where several begin, and goes on behind it", async () => {
    const find = await finder("Jane Doe\nJane Doe Smith\nSmith Jones\nDoe\n");
    expect(find("Jane Doe Smith Jones, Jane Doe Jones, Doe")).toEqual(["Jane Doe Smith", "Jane Doe", "Doe"]);
  });

  it("finds names in scripts that write no spaces", async () => {
    const find = await finder("田中花子\n");
    expect(find("明日田中花子さんに会う")).toEqual(["田中花子"]);
  });

  it("skips blank lines, comments, a byte order mark and carriage returns; a list may be empty", async () => {
    const list = await load("\ufeffFerro\r\n\r\n# Comment\r\n  Acme Inc.  \r\n");
    expect(list.size).toBe(2);
    expect(found("# Comment by ferro of acme inc.", scannerOf({}, [list]))).toEqual([
      "list:customers: ferro",
      "list:customers: acme inc",
    ]);
    expect(found("anything", scannerOf({}, [await load("")]))).toEqual([]);
  });

  it("reports under its own name and action", async () => {
    const list = await load("Ferro", "block", "acct_holders");
    expect(scannerOf({}, [list]).scan("Ferro")).toEqual([
      { start: 0, end: 5, type: "ACCT_HOLDERS", kind: "personal", action: "block", rule: "list:acct_holders" },
    ]);
    expect(scannerOf({}, [await load("Ferro", "off")]).scan("Ferro")).toEqual([]);
  });

  it("inside of an address leaves the whole address to be masked", async () => {
    const find = await finder("Ferro\n");
    expect(find("maria@ferro.com")).toEqual(["email: maria@ferro.com"]);
  });

  it.each([
    ["Ferro\nAl\n", 'redaction list "customers", line 2: the entry is one word of fewer than 3 characters'],
    ["Ferro\n\n---\n", 'redaction list "customers", line 3: the entry has no letter and no digit'],
    ["a ".repeat(33), 'redaction list "customers", line 1: the entry has more than 32 words'],
    ["x".repeat(2_000), 'redaction list "customers", line 1: the entry is longer than 1,024 characters'],
    [
      "Ferro\n".repeat(2) + "x".repeat(3_000_000),
      'redaction list "customers", line 3: the entry is longer than 1,024 characters',
    ],
  ])("refuses what it cannot hold, by line and without the entry", async (text, message) => {
    await expect(load(text)).rejects.toThrow(new Error(message));
  });

  it("keeps no text of an entry, nor of what was scanned", async () => {
    const list = await load("Ferrocanary Zwölfender\nAC-1009-334");
    const scanner = scannerOf({}, [list]);
    expect(found("Ferrocanary Zwölfender", scanner)).toHaveLength(1);
    expect(JSON.stringify(list)).not.toMatch(/ferrocanary|1009/i);
  });

  it("finds each of very many entries and nothing between them", async () => {
    const entries = Array.from({ length: 100_000 }, (_, i) => `Person ${i.toString(36)} Number${i}`);
    const list = await load(entries.join("\n"));
    expect(list.size).toBe(entries.length);
    const scanner = scannerOf({}, [list]);
    for (const entry of entries) expect(found(`Is ${entry} here?`, scanner)).toHaveLength(1);
    expect(found("Is person 5 number6 here?", scanner)).toEqual([]);
  });

  it("holds a million entries and no more", async () => {
    await expect(load("Ferro\n".repeat(mostEntries + 1))).rejects.toThrow("line 1000001: the entry is one too many");
  }, 30_000);
});
