import { createDocument } from "../src/document.ts";
import { Refusal } from "../src/errors.ts";
import type { RuleNode } from "../src/slot.ts";

const read = (text: string | Uint8Array, nested = false, rules: RuleNode = {}) =>
  createDocument(typeof text === "string" ? Buffer.from(text) : text, rules, { nested });

function refusal(text: string | Uint8Array, nested = false, rules: RuleNode = {}): Refusal {
  try {
    read(text, nested, rules);
  } catch (cause) {
    if (cause instanceof Refusal) return cause;
    throw cause;
  }
  throw new Error("the text was accepted");
}

const json = { kind: "text", section: "other", encoding: "json", otherwise: "text" } as const;
const holdsJson: RuleNode = { keys: new Map([["arguments", { slot: json }]]) };

describe("what the walk accepts", () => {
  it.each([
    "null",
    " true ",
    "false",
    "0",
    "-0",
    "-0.0",
    "1e5",
    "1E+5",
    "1.5e-300",
    "123456789012345678901234567890",
    '""',
    '"\\u0000\\"\\\\\\/\\b\\f\\n\\r\\t\\uD83d\\uDE00"',
    '"\u007f\u2028 😀"',
    "[]",
    "[ ]",
    "{}",
    "{\n}",
    '\t{ "a" : [ 1 , { } , [ ] , "b" ] }\r\n',
  ])("%j", (text) => {
    const bytes = Buffer.from(text);
    expect(read(bytes).render()).toBe(bytes);
    expect(read(bytes).get([])).toEqual(JSON.parse(text));
  });

  it("lone surrogates as escapes, which stay as they are", () => {
    const document = read('["\\ud800","\\udc00 \\ud83d\\ud83d\\ude00"]');
    expect(document.slots.map((slot) => slot.text)).toEqual(["\ud800", "\udc00 \ud83d😀"]);
    expect(Buffer.from(document.render()).toString()).toBe('["\\ud800","\\udc00 \\ud83d\\ud83d\\ude00"]');
  });

  it("a byte order mark, which is kept", () => {
    const bytes = Buffer.from('\ufeff{"a":"b"}');
    const document = read(bytes);
    expect(document.render()).toBe(bytes);
    expect(document.get(["a"])).toBe("b");
    document.replace(document.slots[1] as never, 0, 1, "c");
    expect(Buffer.from(document.render()).toString()).toBe('\ufeff{"a":"c"}');
  });
});

describe("what the walk refuses as invalid_json, and where", () => {
  it.each([
    ["", 0],
    ["  ", 2],
    ["\ufeff", 3],
    ["\ufeff\ufeff1", 3],
    ["[1,]", 3],
    ["[,1]", 1],
    ["[1 2]", 3],
    ['{"a":1,}', 7],
    ['{"a" 1}', 5],
    ['{"a":}', 5],
    ["{a:1}", 1],
    ["{1:1}", 1],
    ["{'a':1}", 1],
    ['{"a":1]', 6],
    ["[1}", 2],
    ["1 1", 2],
    ["{}x", 2],
    ["[1]]", 3],
    ["01", 1],
    ["-", 0],
    ["+1", 0],
    ["-01", 2],
    [".5", 0],
    ["1.", 0],
    ["1.e5", 0],
    ["1e", 0],
    ["1e+", 0],
    ["0x10", 1],
    ["1_000", 1],
    ["NaN", 0],
    ["Infinity", 0],
    ["nul", 0],
    ["nulL", 0],
    ["True", 0],
    ["tru\u0065\u0065", 4],
    ['"a', 2],
    ['"a\\', 2],
    ['"a\\"', 4],
    ['"\\x41"', 1],
    ['"\\u12"', 1],
    ['"\\u12g4"', 1],
    ['"\\u123', 1],
    ['"\\\n"', 1],
    ['"a\nb"', 2],
    ['"a\tb"', 2],
    ['"a\u0000b"', 2],
    ['"\n\\u0041"', 1],
    ["[1,\u00a02]", 3],
    ["[\u000b1]", 1],
    ["/*a*/1", 0],
    ["[", 1],
    ["{", 1],
    ['{"a"', 4],
    ['{"a":', 5],
    ['{"a":1', 6],
    ["[1,", 3],
  ])("%j at %i", (text, position) => {
    expect(refusal(text)).toMatchObject({ code: "invalid_json", detail: { position } });
  });

  it("control characters anywhere in a long string, whatever the alignment of the bytes", () => {
    for (let offset = 0; offset < 4; offset++) {
      for (let at = 0; at < 90; at++) {
        const bytes = Buffer.from(`${" ".repeat(offset)}"${"x".repeat(90)}"`).subarray(offset);
        expect(read(bytes).slots[0]?.text.length).toBe(90);
        for (const control of [0, 0x1f]) {
          bytes[1 + at] = control;
          expect(refusal(bytes).code).toBe("invalid_json");
        }
      }
    }
  });

  it("quotes and backslashes end a long run wherever they stand", () => {
    for (let at = 0; at < 90; at++) {
      const text = `${"x".repeat(at)}\\"${"y".repeat(90 - at)}`;
      expect(read(`["${text}","${text}"]`).slots.map((slot) => slot.text)).toEqual(
        [text, text].map((each) => each.replace("\\", "")),
      );
      expect(refusal(`["${"x".repeat(at)}"${"y".repeat(90 - at)}"]`).detail).toEqual({ position: at + 3 });
      expect(refusal(`["${"x".repeat(at)}\\ ${"y".repeat(90 - at)}"]`).detail).toEqual({ position: at + 2 });
    }
  });
});

describe("what the walk refuses as invalid_encoding", () => {
  it.each([
    ["a stray continuation byte", [0x22, 0x80, 0x22]],
    ["an overlong form", [0x22, 0xc0, 0xa2, 0x22]],
    ["a surrogate", [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ["a character that is cut off", [0x22, 0xf0, 0x9f, 0x98, 0x22]],
    ["Latin-1", [0x22, 0xe9, 0x22]],
    ["UTF-16", [0xff, 0xfe, 0x22, 0x00]],
  ])("%s", (_, bytes) => {
    expect(refusal(Uint8Array.from(bytes)).code).toBe("invalid_encoding");
  });
});

describe("keys that stand twice", () => {
  const many = Array.from({ length: 40 }, (_, index) => `"k${index}":0`).join();

  it.each([
    ['{"a":1,"a":2}', 1],
    ['{"a":1,"b":2,"\\u0061":3}', 1],
    ['{"\\u0061":1,"a":3}', 1],
    ['[{"a":{"":1,"":2}}]', 7],
    ['{"é":1,"\\u00e9":2}', 1],
    [`{"k7":1,${many}}`, 1],
    [`{${many},"k\\u0037":1}`, many.indexOf('"k7"') + 1],
  ])("%.60j", (text, position) => {
    const found = refusal(text);
    expect(found.code).toBe("duplicate_key");
    expect(found.detail).toEqual({ position });
  });

  it.each(['{"a":{"a":1},"b":{"a":1}}', '[{"a":1},{"a":1}]', '{"a":1,"A":2,"\\u0041\\u0041":3}', `{${many}}`])(
    "%.60j has none",
    (text) => {
      expect(read(text).get([])).toEqual(JSON.parse(text));
    },
  );

  it("are told only of what is JSON at all", () => {
    expect(refusal('{"a":1,"a":2').code).toBe("invalid_json");
  });

  it("are refused in JSON in a string too, without a word of the text", () => {
    const found = refusal('{"arguments":"{\\"a\\":1,\\"a\\":2}"}', true, holdsJson);
    expect(found.code).toBe("duplicate_key");
    expect(found.detail).toEqual({ position: 13 });
  });
});

describe("limits", () => {
  const nest = (depth: number, inside = "") => "[".repeat(depth) + inside + "]".repeat(depth);

  it("takes 128 levels and refuses 129, of arrays, objects and both", () => {
    expect(read(nest(128, '"deep"')).slots[0]?.path).toEqual(Array(128).fill(0));
    expect(refusal(nest(129, "1")).code).toBe("too_deep");
    expect(read(`${'{"a":['.repeat(64)}1${"]}".repeat(64)}`).slots).toHaveLength(64);
    expect(refusal(`${'{"a":['.repeat(65)}1${"]}".repeat(65)}`)).toMatchObject({
      code: "too_deep",
      detail: { limit: 128 },
    });
  });

  it("refuses 200,000 brackets, also in a string", () => {
    expect(refusal("[".repeat(200_000)).code).toBe("too_deep");
    expect(refusal('{"a":'.repeat(200_000)).code).toBe("too_deep");
    expect(refusal(JSON.stringify({ arguments: "[".repeat(200_000) }), true, holdsJson).code).toBe("too_deep");
    expect(read(`[${"[],".repeat(200_000)}1]`).slots).toHaveLength(0);
  });

  it("takes a million strings and no more, keys included", () => {
    const strings = (count: number) => `[${'"",'.repeat(count - 1)}""]`;
    const document = read(strings(1_000_000));
    expect(document.slots).toHaveLength(1_000_000);
    expect(document.slots[999_999]?.path).toEqual([999_999]);
    expect(refusal(strings(1_000_001)).code).toBe("too_many_strings");
    expect(refusal(`[${'{"a":0,"b":0},'.repeat(500_000)}{"a":0}]`).code).toBe("too_many_strings");
  });

  it("takes no more than a million containers that are not empty", () => {
    expect(refusal(`[${"[1],".repeat(1_000_000)}1]`).code).toBe("too_many_strings");
  });

  it("counts the strings in strings", () => {
    const inner = JSON.stringify(JSON.stringify(Array(600_000).fill("")));
    expect(read(`{"arguments":${inner},"b":${inner}}`, true, holdsJson).slots).toHaveLength(600_003);
    const both: RuleNode = { keys: new Map(["arguments", "b"].map((key) => [key, { slot: json }])) };
    expect(refusal(`{"arguments":${inner},"b":${inner}}`, true, both).code).toBe("too_many_strings");
  });

  it("reads a string of 10 MB, and an unterminated one", () => {
    const text = "0123456789abcde\\n".repeat(600_000);
    expect(read(`["${text}"]`).slots[0]?.size).toBe(text.length);
    expect(refusal(`["${text}`)).toMatchObject({ code: "invalid_json", detail: { position: text.length + 2 } });
  });
});
