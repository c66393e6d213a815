import fc from "fast-check";
import { PromptProblem } from "../../src/prompts/problem.ts";
import { readPrompt } from "../../src/prompts/prompt.ts";

function problemOf(text: string): PromptProblem {
  try {
    readPrompt(text);
  } catch (cause) {
    if (cause instanceof PromptProblem) return cause;
    throw cause;
  }
  throw new Error("nothing was found wrong");
}

describe("a prompt's file", () => {
  it("holds a model, settings, types and defaults above the template", () => {
    const prompt = readPrompt(
      [
        "---",
        "model: fast",
        "description: what it is for",
        "config:",
        "  temperature: 0.2",
        "  maxOutputTokens: 500",
        "other.program: { anything: 1 }",
        "input:",
        "  schema:",
        "    shop: string, the shop's name",
        "    tone?(enum, how to speak): [formal, warm]",
        "  default: { tone: warm }",
        "---",
        "Welcome to {{shop}}.",
      ].join("\n"),
    );
    expect(prompt).toMatchObject({
      model: "fast",
      settings: { temperature: 0.2, maxOutputTokens: 500 },
      defaults: { tone: "warm" },
    });
    expect(prompt.schema?.fields.get("shop")).toEqual({ type: { kind: "string" }, optional: false });
    expect(prompt.schema?.fields.get("tone")).toEqual({
      type: { kind: "enum", values: ["formal", "warm"] },
      optional: true,
    });
  });

  it.each(["Hi", "---\n---\nHi", "---\r\n---\r\nHi", "\ufeff---\nmodel: m\n---\nHi"])(
    "needs none of that: %j",
    (text) => {
      expect(readPrompt(text).parts).toEqual([{ kind: "text", text: "Hi" }]);
    },
  );

  const filler = "---\nmodel: m\ninput: { schema: { name: string, list(array): { x: string } } }\n---\n";
  it.each([
    ["---\nmodel: m\n", 1, 1, "not closed"],
    ["---\nmodel: [\n---\nHi", 2, undefined, ""],
    ["---\nmodle: m\n---\nHi", 2, 1, "not known"],
    ["---\nmodel: prompt:other\n---\nHi", 2, 8, "may stand"],
    ["---\nconfig: { temperature: 9 }\n---\nHi", 2, 24, "may stand"],
    ["---\nconfig:\n  temprature: 1\n---\nHi", 3, 3, "not known"],
    ["---\ntools: [x]\n---\nHi", 2, 1, "not known"],
    ["---\ninput: { schema: { a: text } }\n---\nHi", 2, 20, "types"],
    ["---\ninput: { schema: { a: string }, default: { a: 1 } }\n---\nHi", 2, 42, "default"],
    ["---\ninput: { schema: { a: string }, default: { b: x } }\n---\nHi", 2, 42, "default"],
    [`${filler}Dear {{nmae}}`, 5, 8, "no such variable"],
    [`${filler}{{#each list}}{{../nmae}}{{/each}}`, 5, 17, "no such variable"],
    [`${filler}{{#if name}}{{@root.nmae}}{{/if}}`, 5, 15, "no such variable"],
    ["a\n{{#if x}}", 2, undefined, "not valid"],
    ["a\nb {{#if x}}{{/unless}}", 2, 6, "not valid"],
    ["a\n{{", 2, undefined, "not valid"],
    ["{{> other}}", 1, 1, "partials"],
    ["{{#x}}y{{/x}}", 1, 1, "no such block"],
    ["{{upper name}}", 1, 1, "no such helper"],
    ["{{json (json x)}}", 1, 8, "expected the name"],
    ["{{../x}}", 1, 3, "above"],
    ["{{@level}}", 1, 3, "@index"],
    ["{{role who}}", 1, 8, "in quotes"],
    ['{{role "tool"}}', 1, 8, "in quotes"],
    ['{{media url="x"}}', 1, 1, "no such helper"],
    ["{{#if a}}{{history}}{{/if}}", 1, 10, "in no block"],
    ["{{history}}{{history}}", 1, 12, ""],
    ["{{history}}\nso?", 1, 12, "role is missing"],
    ["{{#if a b}}x{{/if}}", 1, 1, "takes one value"],
    ["{{json a indent=99}}", 1, 10, "indent"],
    ["", 1, 1, "empty"],
    ["---\nmodel: m\n---\n\n", 4, 1, "empty"],
  ])("is told what is wrong, and where: %j", (text, line, column, message) => {
    const { place, message: told } = problemOf(text);
    expect(place.line).toBe(line);
    if (column !== undefined) expect(place.column).toBe(column);
    expect(told).toContain(message);
  });

  it("is bounded, and never echoed", () => {
    expect(problemOf("x".repeat(300_000)).message).toContain("characters");
    expect(problemOf("{{a}}".repeat(1_001)).message).toContain("tags");
    const deep = (levels: number) => `${"{{#if a}}".repeat(levels)}x${"{{/if}}".repeat(levels)}`;
    expect(problemOf(deep(33)).message).toContain("deep");
    expect(() => readPrompt(deep(32))).not.toThrow();
    expect(problemOf(deep(499)).message).toContain("deep");
    expect(() => readPrompt(`{{#if a}}x${"{{else if b}}y".repeat(900)}{{/if}}`)).not.toThrow();
    for (const text of [
      "CANARY {{#if CANARY}}",
      "{{CANARY CANARY}}",
      "---\nCANARY: CANARY\n---\nx",
      "---\n- CANARY: [\n---\n",
    ]) {
      expect(problemOf(text).message).not.toContain("CANARY");
    }
  });

  it("is read or refused, whatever it holds", () => {
    const piece = fc.constantFrom(
      "{{",
      "}}",
      "{{#if a}}",
      "{{/if}}",
      "{{#each a as |b|}}",
      "{{/each}}",
      "{{else}}",
      "---\n",
      "a: b\n",
      "{{{",
      "}}}",
      "~",
      "\\",
      "{{!--",
      "--}}",
      "{{json a}}",
      "[",
      "(",
      "\n",
      "x",
      "\0",
      "é",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        try {
          readPrompt(pieces.join(""));
        } catch (cause) {
          expect(cause).toBeInstanceOf(PromptProblem);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
