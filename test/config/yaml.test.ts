import { errorOf, problemsOf } from "./support.ts";

describe("YAML that is not sound", () => {
  it.each([
    [
      "a key that stands twice",
      "mode: observe\nmode: enforce",
      "2:1: the key stands twice in its map (keep one of the two)",
    ],
    ["a tab", "limits:\n\tbody: 1 MB", "2:1: a tab is used to indent (indent with blanks)"],
    ["a second document", "mode: observe\n---\nmode: enforce", "2:1: a second document begins (remove the line ---)"],
    ["an alias of nothing", "mode: *gone", "1:7: an alias is not valid (put a value that begins with * in quotes)"],
    [
      "an alias before its anchor",
      "a: *x\nb: &x 1",
      "1:4: an alias is not valid (put a value that begins with * in quotes)",
    ],
    ["an unknown tag", "mode: !js observe", "1:7: a tag is not known (put a value that begins with ! in quotes)"],
    ["a quote that stays open", 'mode: "observe', "1:15: a quote, a bracket or a comma is missing (add it)"],
    ["an unknown escape", 'mode: "\\q"', "1:8: an escape in double quotes is not known (use single quotes)"],
    ["a key for the prototype", "models: { __proto__: {} }", "1:11: no key may have this name (choose another name)"],
  ])("is refused for %s, at its place", (_, text, problem) => {
    expect(problemsOf(text)).toContain(problem);
  });

  it("is reported beside what is wrong with its content, where the content can still be read", () => {
    const text = "mode: observe\nmode: enforce\nlimit: {}";
    expect(errorOf(text).problems.map(({ line }) => line)).toEqual([2, 3]);
  });

  it("is refused for aliases that unfold without end", () => {
    const levels = ["a: &a [x, x, x, x, x, x, x, x, x, x]"];
    for (const [name, inner] of ["ba", "cb", "dc", "ed"].map((pair) => [pair[0], pair[1]])) {
      levels.push(`${name}: &${name} [${`*${inner}, `.repeat(10)}]`);
    }
    expect(problemsOf(levels.join("\n"))).toEqual([
      "1:1: aliases unfold to too much (write the values out instead of using aliases)",
    ]);
  });

  it.each([
    ["brackets", "[".repeat(100_000)],
    ["brackets behind stray ones", "]".repeat(100_000) + "[".repeat(100_000)],
    ["braces", "{a: ".repeat(100_000)],
    ["lists on one line", "- ".repeat(100_000)],
    ["keys on one line", "? ".repeat(100_000)],
    ["brackets behind brackets in comments", "[ # ]\n".repeat(10_000)],
    ["a megabyte", `# ${"x".repeat(1_048_576)}`],
  ])("is refused for a depth or size that no config has: %s", (_, text) => {
    expect(problemsOf(text)).toEqual([
      "1:1: the text is larger or nests deeper than any config (at most 1 MB and 64 levels)",
    ]);
  });

  it("does not count brackets in texts as depth", () => {
    const value = `"${"[".repeat(100)}"`;
    expect(problemsOf(`redaction: { allow: [${value}] }\nmod: 1`)).toEqual([
      '2:1 mod: the key mod is not known (did you mean "mode"?)',
    ]);
  });

  it("lists fifty problems and counts the rest", () => {
    const error = errorOf(Array.from({ length: 60 }, (_, index) => `key${index}: 1`).join("\n"));
    expect(error.problems).toHaveLength(60);
    expect(error.message.split("\n")).toHaveLength(52);
    expect(error.message).toMatch(/… and 10 more$/);
  });
});

describe("a credential in the wrong place", () => {
  const secret = "sk-live-0123456789abcdef";
  it.each([
    ["in the file", `targets: { a: { provider: openai, apiKey: ${secret} } }`],
    ["glued to its key", `targets: { a: { provider: openai, apiKey:${secret} } }`],
    ["glued to its key, alone on the line", `targets:\n  a:\n    provider: openai\n    apiKey:${secret}`],
    ["as a tag", `targets: { a: { provider: openai, apiKey: !${secret} } }`],
    ["as an alias", `targets: { a: { provider: openai, apiKey: *${secret} } }`],
    ["in a list", `targets: { a: { provider: openai, apiKey: [${secret}] } }`],
    ["as a provider", `targets: { a: { provider: ${secret} } }`],
    [
      "in an address",
      `targets: { a: { provider: openai, baseUrl: "https://x:${secret}@a.example/v1?key=${secret}" } }`,
    ],
    ["in an address that is none", `targets: { a: { provider: openai, baseUrl: "//${secret}" } }`],
    ["in a header", `targets: { a: { provider: openai, headers: { authorization: Bearer ${secret} } } }`],
    ["in place of a hash", `access: { keys: [ { id: web, hash: ${secret} } ] }`],
    ["behind env:", `access: {}\ntargets: { a: { provider: openai, apiKey: "env:${secret}" } }`],
    ["in quotes that stay open", `targets: { a: { provider: openai, apiKey: "${secret}`],
  ])("is refused and never repeated: %s", (_, text) => {
    const error = errorOf(text);
    expect(error.problems.length).toBeGreaterThan(0);
    expect(`${error.stack} ${JSON.stringify(error.problems)}`).not.toContain(secret);
  });

  it("is told how to be right when a blank is missing", () => {
    expect(problemsOf(`targets: { a: { provider: openai, apiKey:${secret} } }`)).toEqual([
      '1:35 targets.a.apiKey…: the key apiKey… is not known (put a blank after "apiKey:")',
    ]);
  });
});
