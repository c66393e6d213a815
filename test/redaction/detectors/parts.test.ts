import fc from "fast-check";
import { type Candidate, createRule } from "../../../src/redaction/detectors/candidate.ts";
import { classesOf, findRun, NUMBER } from "../../../src/redaction/detectors/characters.ts";
import { resolve } from "../../../src/redaction/detectors/resolve.ts";
import { SourceReader } from "../../../src/redaction/detectors/source.ts";

describe("findRun", () => {
  it("agrees with a regular expression", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("1", " ", "a", "é"), maxLength: 60 }),
        fc.integer({ min: 1, max: 8 }),
        (text, minimum) => {
          expect(findRun(new SourceReader().read(text), 0, NUMBER, minimum)).toBe(
            text.search(new RegExp(`[1 ]{${minimum}}`)),
          );
        },
      ),
    );
  });
});

describe("a source", () => {
  const reader = new SourceReader();
  const read = (text: string) => {
    const source = reader.read(text);
    const units = Array.from(source.units.subarray(0, source.length), (unit) => String.fromCharCode(unit));
    return { text: source.text, units: units.join("") };
  };
  const same = (text: string) => ({ text, units: text });
  const filler = "x".repeat(100);

  it.each(["plain", "", "Grüße 🙂 100 % ok", "C:\\path", "a \\ b", "\ud835", "\\u12g4 %4 %8f"])(
    "%j reads as it stands",
    (text) => {
      expect(read(text)).toEqual(same(text));
      expect(read(filler + text)).toEqual(same(filler + text));
    },
  );

  it.each([
    ["\\\\n1\\u00412\\x413%40", "\n1A2A3@"],
    ["u\\x41", "uA"],
    ["１\u00a02\u200b3\u20114\ud835\udfd75", "1 23-495"],
    ["\\u2011\\u200b%7E\\t\\f", "-~\t\n"],
  ])("%j", (text, expected) => {
    expect(read(text)).toEqual(same(expected));
    expect(read(filler + text)).toEqual(same(filler + expected));
  });

  it("sees the only special unit, wherever it stands", () => {
    for (let at = 0; at <= 70; at++)
      for (const special of ["\u2011", "\\x2d", "%2D"])
        expect(read(`${"a".repeat(at)}${special}${"a".repeat(70 - at)}`).text[at]).toBe("-");
  });

  it("has every class that its units have", () => {
    for (const text of ["1", "@", ":", "-", "\\u0040", "\uff11"]) {
      const { units, classes } = reader.read(text);
      expect(classes & classesOf(units[0] as number)).toBe(classesOf(units[0] as number));
    }
  });

  it("leaves nothing behind, and is followed by zeros", () => {
    const { units } = reader.read("A long text that is copied natively, with a \\u0040 and \u200b in it.");
    expect(units.subarray(reader.length).every((unit) => unit === 0)).toBe(true);
    reader.read("short");
    expect(units.subarray(5).every((unit) => unit === 0)).toBe(true);
    reader.wipe();
    expect(units.every((unit) => unit === 0)).toBe(true);
  });

  it("leads back to the places of the original", () => {
    const piece = fc.constantFrom(
      "a",
      "bc",
      "１",
      "\u200b",
      "\\n",
      "\\u0041",
      "%41",
      "\\",
      "%",
      "\u00a0",
      "🙂",
      "\ud835\udfd7",
      "\ud835",
    );
    const again = new SourceReader();
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join("");
        const seen = reader.read(text).text;
        for (let start = 0; start < seen.length; start++) {
          const [from, to] = reader.range(start, start + 1);
          expect(again.read(text.slice(from, to)).text).toBe(seen[start]);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("overlapping candidates", () => {
  const rules = {
    card: createRule("CREDIT_CARD", "mask", "credit_card"),
    phone: createRule("PHONE", "mask", "phone"),
    blockedPhone: createRule("PHONE", "block", "phone"),
    blockedList: createRule("STAFF", "block", "list:staff", true),
    email: createRule("EMAIL", "mask", "email"),
    flaggedEmail: createRule("EMAIL", "flag", "email"),
    secret: createRule("SECRET", "mask", "jwt"),
    list: createRule("CUSTOMERS", "mask", "list:customers", true),
  };
  type Entry = readonly [rule: keyof typeof rules, start: number, end: number];
  const settle = (...entries: Entry[]) =>
    resolve(entries.map(([rule, start, end]): Candidate => ({ rule: rules[rule], start, end }))).map(
      ({ rule, start, end }) => [rule, start, end],
    );

  it.each<[string, Entry[], Entry[]]>([
    [
      "the surer reading of a number stays, alone",
      [
        ["phone", 0, 8],
        ["card", 4, 20],
      ],
      [["card", 4, 20]],
    ],
    [
      "what contains another stays whole",
      [
        ["list", 6, 10],
        ["email", 0, 14],
      ],
      [["email", 0, 14]],
    ],
    [
      "of two that cut into each other nothing is left in clear",
      [
        ["list", 0, 8],
        ["email", 5, 14],
      ],
      [["email", 0, 14]],
    ],
    [
      "a secret in something personal takes all of it",
      [
        ["email", 0, 20],
        ["secret", 5, 10],
      ],
      [["secret", 0, 20]],
    ],
    [
      "what is only flagged covers nothing",
      [
        ["flaggedEmail", 0, 14],
        ["list", 6, 10],
      ],
      [["list", 6, 10]],
    ],
    [
      "the surer reading of a number is right, whatever is to be done with it",
      [
        ["blockedPhone", 0, 8],
        ["card", 4, 20],
      ],
      [["card", 4, 20]],
    ],
    [
      "what blocks comes first",
      [
        ["email", 0, 16],
        ["blockedList", 2, 10],
      ],
      [["blockedList", 0, 16]],
    ],
    [
      "neighbours stay",
      [
        ["card", 0, 16],
        ["phone", 16, 20],
      ],
      [
        ["card", 0, 16],
        ["phone", 16, 20],
      ],
    ],
  ])("%s", (_, given, expected) => {
    const named = expected.map(([rule, start, end]) => [rules[rule], start, end]);
    expect(settle(...given)).toEqual(named);
    expect(settle(...given.toReversed())).toEqual(named);
  });
});
