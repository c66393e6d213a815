import { inspect } from "node:util";
import { Refusal } from "../../src/errors.ts";
import { highestNumber, parseName } from "../../src/redaction/placeholder.ts";
import { Vault } from "../../src/redaction/vault.ts";

const filled = () => {
  const vault = new Vault();
  vault.hide("EMAIL", "ada@acme.com", "personal");
  vault.hide("SECRET", "sk-12345678", "secret");
  return vault;
};

describe("the vault of one call", () => {
  it("numbers the values of a type in the order in which they come", () => {
    const vault = new Vault();
    const hide = (type: string, value: string) => vault.hide(type, value, "personal");
    expect([hide("EMAIL", "a@x.com"), hide("IBAN", "DE1"), hide("EMAIL", "b@x.com")]).toEqual([
      "[EMAIL_1]",
      "[IBAN_1]",
      "[EMAIL_2]",
    ]);
  });

  it("gives one value one number, and another spelling another, so that each comes back as it was", () => {
    const vault = new Vault();
    expect(vault.hide("EMAIL", "Ada@Acme.com", "personal")).toBe("[EMAIL_1]");
    expect(vault.hide("EMAIL", "ada@acme.com", "personal")).toBe("[EMAIL_2]");
    expect(vault.hide("EMAIL", "Ada@Acme.com", "personal")).toBe("[EMAIL_1]");
    expect(vault.reveal("EMAIL_1")).toBe("Ada@Acme.com");
    expect(vault.reveal("EMAIL_2")).toBe("ada@acme.com");
  });

  it("never reveals a secret", () => {
    const vault = new Vault();
    expect(vault.hide("SECRET", "sk-12345678", "secret")).toBe("[SECRET_1]");
    expect(vault.restorable).toBe(false);
    expect(vault.reveal("SECRET_1")).toBeUndefined();
    expect(vault.mayReveal("SEC")).toBe(false);
  });

  it("keeps a secret and a record of one type and spelling apart", () => {
    const vault = new Vault();
    expect(vault.hide("SECRET", "same", "secret")).toBe("[SECRET_1]");
    expect(vault.hide("SECRET", "same", "personal")).toBe("[SECRET_2]");
    expect([vault.reveal("SECRET_1"), vault.reveal("SECRET_2")]).toEqual([undefined, "same"]);
  });

  it("knows which beginnings may still become a name that it gave", () => {
    const vault = new Vault();
    for (let number = 1; number <= 12; number++) vault.hide("EMAIL", `${number}@x.com`, "personal");
    for (const beginning of ["", "E", "EMAIL", "EMAIL_", "EMAIL_1", "EMAIL_12", "EMAIL_9"]) {
      expect([beginning, vault.mayReveal(beginning)]).toEqual([beginning, true]);
    }
    for (const beginning of ["X", "EMAILS", "EMAIL_0", "EMAIL_13", "EMAIL_1X", "EMAIL__"]) {
      expect([beginning, vault.mayReveal(beginning)]).toEqual([beginning, false]);
    }
  });

  it("shows nothing of what it holds to a log, a serializer or an inspector", () => {
    const vault = filled();
    const shown = [JSON.stringify({ vault }), inspect(vault, { depth: 9, showHidden: true }), String(vault)].join();
    expect(shown).not.toMatch(/ada|acme|sk-/);
    expect(Object.keys(vault)).toEqual([]);
  });

  it("finds its values in a text, overlapping ones and secrets too", () => {
    const vault = filled();
    vault.hide("CUSTOMER", "acme", "personal");
    const text = "ada@acme.com has sk-12345678";
    const found = vault.occurrences(text).map(({ start, end, label }) => `${label} ${text.slice(start, end)}`);
    expect(found).toEqual(["[EMAIL_1] ada@acme.com", "[CUSTOMER_1] acme", "[SECRET_1] sk-12345678"]);
  });

  it("finds values that were hidden after it had been asked before", () => {
    const vault = filled();
    expect(vault.occurrences("bob@acme.com")).toEqual([]);
    vault.hide("EMAIL", "bob@acme.com", "personal");
    expect(vault.occurrences("bob@acme.com")).toHaveLength(1);
  });

  it("refuses when the numbers of a type are used up", () => {
    const vault = new Vault(2);
    expect([vault.hide("N", "1", "personal"), vault.hide("N", "2", "personal")]).toEqual(["[N_1]", "[N_2]"]);
    expect(() => vault.hide("N", "one more", "personal")).toThrow(Refusal);
    expect(vault.hide("N", "1", "personal")).toBe("[N_1]");
    expect(parseName(`N_${highestNumber}`)).toEqual({ type: "N", number: highestNumber });
    expect(parseName(`N_${highestNumber + 1}`)).toBeUndefined();
  });
});
