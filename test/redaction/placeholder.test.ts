import { findLookAlikes, parseName } from "../../src/redaction/placeholder.ts";

const types = new Set(["EMAIL", "CREDIT_CARD"]);
const found = (text: string) => findLookAlikes(text, types).map(({ start, end }) => text.slice(start, end));

describe("a placeholder as somebody wrote it", () => {
  it.each([
    ["as given", "[EMAIL_1]"],
    ["with many digits", "[EMAIL_999999]"],
    ["in lower case", "[email_1]"],
    ["in mixed case", "[Credit_card_12]"],
    ["with spaces at the brackets", "[ EMAIL_1 ]"],
    ["with spaces around the underscore", "[EMAIL _ 1]"],
    ["with both brackets escaped", "\\[EMAIL_1\\]"],
    ["with the closing bracket escaped", "[EMAIL_1\\]"],
  ])("is read %s", (_, text) => {
    expect(found(`see ${text}, please`)).toEqual([text]);
  });

  it.each([
    ["a type that is not in use", "[FIGURE_1]"],
    ["no number", "[EMAIL]", "[EMAIL_]"],
    ["number zero or with leading zeros", "[EMAIL_0]", "[EMAIL_01]"],
    ["a number beyond the highest", "[EMAIL_1000000]"],
    ["a space inside a word or a number", "[E MAIL_1]", "[EMAIL_1 2]"],
    ["too many spaces", "[     EMAIL_1]"],
    ["other brackets", "(EMAIL_1)", "<EMAIL_1>", "&lt;EMAIL_1&gt;"],
    ["letters beyond ASCII that fold to it", "[EMA\u0131L_1]", "[EMAIL_\u0661]"],
    ["another escape", "[EMAIL_1\\\\]", "[EMAIL\\_1]"],
    ["a tab or a line end", "[EMAIL_1\t]", "[EMAIL_1\n]"],
  ])("is not read with %s", (_, ...texts) => {
    for (const text of texts) expect(found(text)).toEqual([]);
  });

  it("leaves the backslash before an unescaped placeholder alone: it belongs to the text", () => {
    expect(found("C:\\[EMAIL_1]")).toEqual(["[EMAIL_1]"]);
  });

  it("finds several, touching and nested in brackets", () => {
    expect(found("[[EMAIL_1][email_2]] \\[EMAIL_3\\]\\[EMAIL_4\\]")).toEqual([
      "[EMAIL_1]",
      "[email_2]",
      "\\[EMAIL_3\\]",
      "\\[EMAIL_4\\]",
    ]);
  });

  it("reads in time that grows with the text, not with its square", () => {
    const hostile = ["[", "[ ", "[a", "[EMAIL_1", "[EMAIL_1 ", "\\[", "[EMAIL_1\\"].map((part) => part.repeat(200_000));
    for (const text of hostile) expect(found(text)).toEqual([]);
  });
});

describe("a name", () => {
  it("is a type and a number, told apart at the last underscore", () => {
    expect(parseName("CREDIT_CARD_12")).toEqual({ type: "CREDIT_CARD", number: 12 });
    expect(parseName("LIST_1_2")).toEqual({ type: "LIST_1", number: 2 });
    for (const name of ["", "_1", "EMAIL", "EMAIL_", "EMAIL_0", "EMAIL_1000000"])
      expect(parseName(name)).toBeUndefined();
  });
});
