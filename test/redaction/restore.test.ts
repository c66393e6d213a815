import { restore } from "../../src/redaction/restore.ts";
import { Vault } from "../../src/redaction/vault.ts";

const vault = new Vault();
for (const value of ["ada@acme.com", 'o"hara\\@x.com']) vault.hide("EMAIL", value, "personal");
vault.hide("SECRET", "sk-12345678", "secret");

function restored(text: string, encoding: "text" | "json" = "text"): string {
  const { restorations } = restore(text, encoding, vault);
  let out = "";
  let from = 0;
  for (const { start, end, text: value } of restorations) {
    out += text.slice(from, start) + value;
    from = end;
  }
  return out + text.slice(from);
}

const heldBack = (text: string, encoding: "text" | "json" = "text") =>
  text.slice(restore(text, encoding, vault).settled);

describe("restoring a text", () => {
  it("puts back what the vault holds, and leaves what it does not", () => {
    expect(restored("[EMAIL_1], [email_1] and [EMAIL_3], [SECRET_1], [PHONE_1], [1]")).toBe(
      "ada@acme.com, ada@acme.com and [EMAIL_3], [SECRET_1], [PHONE_1], [1]",
    );
  });

  it("takes the backslashes of an escaped placeholder along, but no backslash of the text", () => {
    expect(restored("a \\[EMAIL_1\\] b C:\\[EMAIL_1] c [EMAIL_1\\] d \\\\[EMAIL_1\\]")).toBe(
      "a ada@acme.com b C:\\ada@acme.com c ada@acme.com d \\ada@acme.com",
    );
  });

  it("escapes a value for the JSON text that it is put into", () => {
    expect(JSON.parse(restored('{"to":"[EMAIL_2]"}', "json"))).toEqual({ to: 'o"hara\\@x.com' });
  });

  it("reads in JSON text a bracket's escape as JSON writes it, and keeps the text valid", () => {
    const text = JSON.stringify({ markdown: "\\[EMAIL_2\\]", path: "C:\\[EMAIL_1]", line: "\n[EMAIL_1]" });
    expect(JSON.parse(restored(text, "json"))).toEqual({
      markdown: 'o"hara\\@x.com',
      path: "C:\\ada@acme.com",
      line: "\nada@acme.com",
    });
  });

  it("never looks at a restored value again", () => {
    const nested = new Vault();
    nested.hide("LITERAL", "[LITERAL_2]", "personal");
    nested.hide("LITERAL", "[LITERAL_1]", "personal");
    const { restorations } = restore("[LITERAL_1][LITERAL_2]", "text", nested);
    expect(restorations.map(({ text }) => text)).toEqual(["[LITERAL_2]", "[LITERAL_1]"]);
  });

  it("counts the placeholders that the model made up: a live type with a number that was never given", () => {
    expect(restore("[EMAIL_3] [EMAIL_1] [EMAIL_4] [SECRET_1] [OTHER_1]", "text", vault).invented).toBe(2);
  });
});

describe("holding back the end of a text", () => {
  it.each(["[", "[E", "[EMAIL_", "[EMAIL_2", "[ em", "[EMAIL_1 ", "[EMAIL ", "\\", "\\[", "\\[EMAIL_1", "[EMAIL_1\\"])(
    "holds %j, which may still become a placeholder",
    (end) => {
      expect(heldBack(`text ${end}`)).toBe(end);
    },
  );

  it.each(["", "[X", "[EMAIL_3", "[EMAIL_0", "[EMAI ", "[EMAIL_2 x", "[S", "[     ", "]", "[EMAIL_1]"])(
    "does not hold %j, which cannot",
    (end) => {
      expect(heldBack(`text ${end}`)).toBe("");
    },
  );

  it("holds no more than it has to", () => {
    expect(heldBack("[EMAIL_1] [EMAIL_9 [[EMAIL_1")).toBe("[EMAIL_1");
    expect(heldBack("\\\\\\")).toBe("\\");
    expect(heldBack("[EMAIL_3\\")).toBe("\\");
  });

  it("holds in JSON text the two backslashes of an escaped bracket", () => {
    expect(heldBack('{"a":"\\', "json")).toBe("\\");
    expect(heldBack('{"a":"\\\\\\\\', "json")).toBe("\\\\");
    expect(heldBack('{"a":"\\\\[EMAIL_1\\', "json")).toBe("\\\\[EMAIL_1\\");
  });
});
