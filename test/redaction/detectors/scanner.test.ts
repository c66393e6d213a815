import fc from "fast-check";
import { found, scannerOf } from "./scan.ts";

const everything =
  "Maria, maria@example.com, +49 30 1234567, 4111 1111 1111 1111, DE89 3704 0044 0532 0130 00, 123-45-6789, 192.168.17.4, AKIAQYLPMN5HHHFPZAM2";

describe("the scanner", () => {
  it("gives type, kind, action, rule and place of each finding, from left to right", () => {
    const scanner = scannerOf({ pii: { email: "flag", phone: "block" } });
    expect(scanner.scan(everything).map(({ type, kind, action, rule }) => [type, kind, action, rule])).toEqual([
      ["EMAIL", "personal", "flag", "email"],
      ["PHONE", "personal", "block", "phone"],
      ["CREDIT_CARD", "personal", "mask", "credit_card"],
      ["IBAN", "personal", "mask", "iban"],
      ["US_SSN", "personal", "mask", "us_ssn"],
      ["IP_ADDRESS", "personal", "mask", "ip_address"],
      ["SECRET", "secret", "block", "aws_access_key_id"],
    ]);
  });

  it("gives one shared, frozen answer where there is nothing", () => {
    const scanner = scannerOf();
    expect(scanner.scan("nothing here")).toBe(scanner.scan("nor here"));
    expect(Object.isFrozen(scanner.scan(""))).toBe(true);
  });

  it("does not run what is off", () => {
    const pii = { email: "off", phone: "off", creditCard: "off", iban: "off", ipAddress: "off", usSsn: "off" } as const;
    expect(found(everything, scannerOf({ pii, secrets: "off" }))).toEqual([]);
    expect(found(everything, scannerOf({ pii: { ...pii, iban: "mask" }, secrets: "off" }))).toEqual([
      "iban: DE89 3704 0044 0532 0130 00",
    ]);
  });

  it("leaves alone what is allowed, compared exactly", () => {
    const scanner = scannerOf({ allow: ["support@example.com"] });
    expect(found("support@example.com or Support@example.com", scanner)).toEqual(["email: Support@example.com"]);
  });

  it("finds the password of a URL and leaves the rest to read", () => {
    expect(found("postgres://app:k4ctus-plum@db.example.com:5432/x")).toEqual(["url_credentials: k4ctus-plum"]);
    expect(found("https://maria@example.com/inbox")).toEqual(["email: maria@example.com"]);
  });

  it("is sorted, never overlaps, and stays inside of the text, whatever stands in it", () => {
    const pieces = fc.constantFrom(
      ...everything.split(" "),
      "@",
      ":",
      "::",
      "-",
      " ",
      "\\n",
      "%40",
      "\u200b",
      "４",
      "é",
      "🙂",
      "+",
      "(",
      ".",
      "/",
      "eyJ",
      "0",
    );
    const scanner = scannerOf();
    let findings = 0;
    fc.assert(
      fc.property(
        fc.array(fc.oneof(pieces, fc.string({ unit: "binary", maxLength: 4 })), { maxLength: 24 }),
        (parts) => {
          const text = parts.join("");
          let end = 0;
          for (const match of scanner.scan(text)) {
            expect(match.start).toBeGreaterThanOrEqual(end);
            expect(match.end).toBeGreaterThan(match.start);
            end = match.end;
            findings++;
          }
          expect(end).toBeLessThanOrEqual(text.length);
          expect(scanner.scan(text)).toEqual(scanner.scan(text));
        },
      ),
      { numRuns: 2_000 },
    );
    expect(findings).toBeGreaterThan(200);
  });

  it("finds the same whether the text holds other findings or none", () => {
    const parts = everything.split(", ").slice(1);
    expect(found(everything).map((entry) => entry.split(": ")[1])).toEqual(parts);
    for (const part of parts) expect(found(`a, ${part}, b`)[0]?.endsWith(part)).toBe(true);
  });
});

/** Read in some tens of milliseconds; a detector that takes time by the square of the length would take minutes. */
describe("a megabyte of hostile text is read to its end", () => {
  const units =
    "a@ 1@ 1_ 4111_ +1_ 030_1234567_ . 1. :: f: ::1_ eyJ eyJ- eyJhbGciOiJIUzI1NiJ9. a://b:c@ -----BEGIN_RSA_PRIVATE_KEY----- \\ \\n %41 ( ghp_ AKIA/ sntrys_eyJ/ ATATT3= é@é. ٣ 00- DE89_ a.. a.b@c.d 12345678: Bearer_a1 token=a1b2 sl. s. +a/b 7".split(
      " ",
    );
  it.each(units.map((unit) => unit.replaceAll("_", " ")))("%j", (unit) => {
    const scanner = scannerOf();
    const text = `${unit.repeat(Math.ceil(1_000_000 / unit.length))} `;
    expect(found(`${text}maria@example.com`, scanner).at(-1)).toBe("email: maria@example.com");
  });
});
