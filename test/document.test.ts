import { createDocument } from "../src/document.ts";
import type { Document, RuleNode, Slot, SlotClass } from "../src/slot.ts";

const text = (section: SlotClass["section"]): SlotClass => ({
  kind: "text",
  section,
  encoding: "text",
  otherwise: "text",
});
const opaque: SlotClass = { kind: "opaque", section: "other", encoding: "text", otherwise: "opaque" };
const json: SlotClass = { kind: "text", section: "messages", encoding: "json", otherwise: "text" };
const payload: SlotClass = { kind: "binary", section: "other", encoding: "text", otherwise: "text" };

const keys = (nodes: Record<string, RuleNode>) => new Map(Object.entries(nodes));
const read = (body: string, rules: RuleNode = {}, nested = false) =>
  createDocument(Buffer.from(body), rules, { nested });
const shown = (document: Document, ...how: Parameters<Document["render"]>) =>
  Buffer.from(document.render(...how)).toString();
const slotOf = (document: Document, wanted: string): Slot => {
  const slot = document.slots.find((each) => each.text === wanted);
  if (slot === undefined) throw new Error(`no slot "${wanted}"`);
  return slot;
};
/** Replaces every `from` in the text slots. */
function replaceAll(document: Document, from: string, to: string, kind?: "personal" | "secret"): void {
  for (const slot of document.slots) {
    if (slot.kind !== "text") continue;
    for (let at = slot.text.indexOf(from); at >= 0; at = slot.text.indexOf(from, at + from.length)) {
      document.replace(slot, at, at + from.length, to, kind);
    }
  }
}

describe("slots", () => {
  it("are every string, keys included, with path and size", () => {
    const document = read('{"a":["x",{"b\\n":"é"}],"c":1}');
    expect(document.slots.map(({ path, kind, text: of, size }) => [path, kind, of, size])).toEqual([
      [["a"], "key", "a", 1],
      [["a", 0], "text", "x", 1],
      [["a", 1, "b\n"], "key", "b\n", 3],
      [["a", 1, "b\n"], "text", "é", 2],
      [["c"], "key", "c", 1],
    ]);
  });

  it("are text in section other where there are no rules", () => {
    const [slot] = read('"x"').slots;
    expect(slot).toMatchObject({ kind: "text", section: "other", encoding: "text", path: [], text: "x" });
  });

  it("of a request come in prompt order: tools, system, messages, the rest; keys with what is around them", () => {
    const rules: RuleNode = {
      keys: keys({
        messages: { below: text("messages") },
        system: { below: text("system") },
        tools: { below: text("tools") },
      }),
    };
    const document = read(
      '{"x":"1","messages":[{"c":"2"},{"c":"3"}],"tools":[{"n":"4"}],"system":"5","y":"6"}',
      rules,
      true,
    );
    expect(document.slots.map((slot) => slot.text).join(" ")).toBe("n 4 5 c 2 c 3 x 1 messages tools system y 6");
  });
});

describe("classes", () => {
  const kinds = (document: Document) =>
    Object.fromEntries(document.slots.filter(({ kind }) => kind !== "key").map((slot) => [slot.text, slot.kind]));

  it("an exact rule wins over what is inherited, and below passes through places without rules", () => {
    const rules: RuleNode = {
      below: opaque,
      keys: keys({
        list: { items: { keys: keys({ open: { slot: text("other") } }) } },
        deep: { below: text("other"), keys: keys({ id: { slot: opaque } }) },
        here: { slot: text("other") },
      }),
    };
    const document = read(
      '{"list":[{"open":"a","shut":"b"},"c",["d"]],"deep":{"id":"e","x":{"y":["f"],"id":"g"}},"here":"h","else":"i"}',
      rules,
    );
    expect(kinds(document)).toEqual({
      a: "text",
      b: "opaque",
      c: "opaque",
      d: "opaque",
      e: "opaque",
      f: "text",
      g: "text",
      h: "text",
      i: "opaque",
    });
    expect(kinds(read('{"here":["j"]}', rules))).toEqual({ j: "opaque" });
  });

  it("a key is known by its text, however it is written", () => {
    const rules: RuleNode = { keys: keys({ model: { slot: opaque }, "": { slot: opaque }, naïve: { slot: opaque } }) };
    const known = read('{"m\\u006fdel":"a","":"b","naïve":"c"}', rules);
    expect(kinds(known)).toEqual({ a: "opaque", b: "opaque", c: "opaque" });
    const others = read('{"motel":"a","mode":"b","lemod":"c","na\\u00efve2":"d","models":"e"}', rules);
    expect(kinds(others)).toEqual({ a: "text", b: "text", c: "text", d: "text", e: "text" });
  });

  const base64 = "QUJD+/89".repeat(16);
  it.each([
    ["base64", base64, "binary"],
    ["base64url", base64.replace(/[+]/g, "-").replace(/[/]/g, "_"), "binary"],
    ["base64 with padding", `${base64}QQ==`, "binary"],
    ["base64 in lines", `${base64}\n${base64}\r\n`, "binary"],
    ["a data URL", `data:image/png;base64,${base64}`, "binary"],
    ["a data URL with a parameter", `data:image/svg+xml;charset=utf-8;base64,${base64}`, "binary"],
    ["127 characters", base64.slice(1), "text"],
    ["a data URL with a short payload", `data:image/png;base64,${base64.slice(4)}`, "text"],
    ["prose", "The quick brown fox. ".repeat(20), "text"],
    ["an address in base64", `${base64}@example.com`, "text"],
    ["two alphabets at once", `${base64}-_`, "text"],
    ["text after the padding", `${base64}==QQ`, "text"],
    ["too much padding", `${base64}===`, "text"],
    ["a data URL that is not base64", `data:text/plain,${base64}`, "text"],
    ["a type that is none", `data:jo@example.com/x;base64,${base64}`, "text"],
    ["a remote URL", `https://example.com/${base64}`, "text"],
  ])("binary: %s", (_, content, kind) => {
    const document = read(JSON.stringify({ data: content }), { keys: keys({ data: { slot: payload } }) });
    expect(document.slots[1]?.kind).toBe(kind);
    const escaped = JSON.stringify({ data: content }).replaceAll("/", "\\/");
    expect(read(escaped, { keys: keys({ data: { slot: payload } }) }).slots[1]?.kind).toBe(kind);
  });

  it("what is no payload is as the rule says otherwise", () => {
    const rules = { keys: keys({ data: { slot: { ...payload, otherwise: "opaque" as const } } }) };
    expect(read('{"data":"hello"}', rules).slots[1]?.kind).toBe("opaque");
  });
});

describe("get", () => {
  const body =
    '{ "a" : { "b" : [ "x" , { "c" : -0.5e1 } , [ ] , null ] , "\\u0064" : "y\\n" } , "é": true, "n": {}, "": 7 }';
  it.each([
    [["a", "b", 0], "x"],
    [["a", "b", 1, "c"], -5],
    [["a", "b", 2], []],
    [["a", "b", 3], null],
    [
      ["a", "b"],
      ["x", { c: -5 }, [], null],
    ],
    [["a", "d"], "y\n"],
    [["é"], true],
    [["n"], {}],
    [[""], 7],
    [["a", "b", 4], undefined],
    [["a", "b", -1], undefined],
    [["a", "b", "0"], undefined],
    [["a", 0], undefined],
    [["a", "d", "length"], undefined],
    [["n", "x"], undefined],
    [["Ã©"], undefined],
    [["\\u0064"], undefined],
    [["aa"], undefined],
    [["toString"], undefined],
  ])("%j", (path, value) => {
    expect(read(body).get(path)).toEqual(value);
  });

  it("shows edits", () => {
    const document = read('{"a":["one two",{"b":"two"}],"c":"two"}');
    replaceAll(document, "two", '"2"');
    expect(document.get(["a"])).toEqual(['one "2"', { b: '"2"' }]);
    expect(document.get(["a", 0])).toBe('one "2"');
    expect(document.get(["c"])).toBe('"2"');
    expect(document.slots[1]?.text).toBe("one two");
  });
});

describe("replace", () => {
  it("changes the span and nothing else, whatever the order of the edits", () => {
    const document = read('{ "big": 12345678901234567890, "t": "mail a@b.c or d@e.f" , "z": -0.0 }');
    const slot = slotOf(document, "mail a@b.c or d@e.f");
    expect(document.edited).toBe(false);
    document.replace(slot, 14, 19, "[EMAIL_2]", "personal");
    document.replace(slot, 5, 10, "[EMAIL_1]", "personal");
    expect(document.edited).toBe(true);
    expect(shown(document)).toBe('{ "big": 12345678901234567890, "t": "mail [EMAIL_1] or [EMAIL_2]" , "z": -0.0 }');
  });

  it("finds its place behind escapes and characters of several bytes, which stay as they are written", () => {
    const document = read('["\\u00e9é\\n😀\\ud83d\\ude00\\/中 secret \\ud800 tail"]');
    replaceAll(document, "secret", "***");
    replaceAll(document, "tail", "end");
    expect(shown(document)).toBe('["\\u00e9é\\n😀\\ud83d\\ude00\\/中 *** \\ud800 end"]');
  });

  it("replaces what is escaped as a whole", () => {
    const document = read('["a\\u0040b.c\\ud83d\\ude00!"]');
    document.replace(document.slots[0] as Slot, 0, 7, "x");
    expect(shown(document)).toBe('["x!"]');
  });

  it("escapes what it inserts: quotes, controls, lone surrogates; not what is fine", () => {
    const document = read('["x"]');
    document.replace(document.slots[0] as Slot, 0, 1, '"\\\n\u0001\ud800é😀\u2028/');
    expect(shown(document)).toBe('["\\"\\\\\\n\\u0001\\ud800é😀\u2028/"]');
  });

  it("inserts in the order of the calls where nothing is taken out", () => {
    const document = read('["ab"]');
    const slot = document.slots[0] as Slot;
    document.replace(slot, 1, 2, "B");
    document.replace(slot, 1, 1, "1");
    document.replace(slot, 1, 1, "2");
    document.replace(slot, 0, 1, "A");
    document.replace(slot, 2, 2, "!");
    expect(shown(document)).toBe('["A12B!"]');
  });

  it.each([
    [1, 3],
    [2, 4],
    [1, 5],
    [3, 3],
    [0, 6],
  ])("[%i, %i) overlaps [2, 4): a mistake", (start, end) => {
    const document = read('["abcdef"]');
    const slot = document.slots[0] as Slot;
    document.replace(slot, 2, 4, "x");
    const replace = () => document.replace(slot, start, end, "y");
    expect(replace).toThrow("overlap");
    expect(shown(document)).toBe('["abxef"]');
  });

  it.each([
    [-1, 1],
    [1, 0],
    [0, 7],
    [Number.NaN, 1],
  ])("[%d, %d) is not within the text: a mistake", (start, end) => {
    const document = read('["abcdef"]');
    expect(() => document.replace(document.slots[0] as Slot, start, end, "y")).toThrow("range");
  });

  it.each(['["a😀b"]', '["a\\ud83d\\ude00b"]'])("half of a surrogate pair: a mistake in %s", (body) => {
    const document = read(body);
    const slot = document.slots[0] as Slot;
    expect(() => document.replace(slot, 0, 2, "x")).toThrow("surrogate");
    expect(() => document.replace(slot, 2, 3, "x")).toThrow("surrogate");
    document.replace(slot, 1, 3, "x");
    expect(shown(document)).toBe('["axb"]');
  });

  it("never touches keys, opaque strings and payloads", () => {
    const rules: RuleNode = { keys: keys({ id: { slot: opaque }, data: { slot: payload } }) };
    const document = read(JSON.stringify({ id: "x", data: "A".repeat(128) }), rules);
    for (const slot of document.slots) expect(() => document.replace(slot, 0, 1, "y")).toThrow(`kind ${slot.kind}`);
    expect(document.edited).toBe(false);
  });

  it("knows its own slots", () => {
    const document = read('["x"]');
    const other = read('["x"]').slots[0] as Slot;
    expect(() => document.replace(other, 0, 1, "y")).toThrow("not one of this document");
    expect(() => document.replace({ ...other, kind: "text", text: "x" } as Slot, 0, 1, "y")).toThrow("not one of");
  });

  it("maps many edits of one long text in one pass", () => {
    const document = read(JSON.stringify({ t: "é a@b.c\n".repeat(100_000) }));
    replaceAll(document, "a@b.c", "[E]");
    expect((JSON.parse(shown(document)) as { t: string }).t).toBe("é [E]\n".repeat(100_000));
  });
});

describe("kinds", () => {
  it("leave out the edits of other kinds; an edit without a kind is always made", () => {
    const document = read('["personal secret plain"]');
    replaceAll(document, "personal", "1", "personal");
    replaceAll(document, "secret", "2", "secret");
    replaceAll(document, "plain", "3");
    expect(shown(document)).toBe('["1 2 3"]');
    expect(shown(document, { kinds: new Set(["secret"]) })).toBe('["personal 2 3"]');
    expect(shown(document, { kinds: new Set() })).toBe('["personal secret 3"]');
  });

  it("where nothing is left to do, the very bytes that came", () => {
    const bytes = new Uint8Array(Buffer.from('["personal"]'));
    const document = createDocument(bytes, {});
    replaceAll(document, "personal", "1", "personal");
    expect(document.render({ kinds: new Set(["secret"]), sets: [] })).toBe(bytes);
  });
});

describe("sets", () => {
  const set = (body: string, ...sets: [path: (string | number)[], value: string | number | boolean | null][]) =>
    shown(read(body), { sets: sets.map(([path, value]) => ({ path, value })) });

  it("replace a value where it stands", () => {
    expect(set('{ "model" : "a" , "n": [1, {"x": {"y": 2}}] }', [["model"], "b"])).toBe(
      '{ "model" : "b" , "n": [1, {"x": {"y": 2}}] }',
    );
    expect(set('{"a":[1,{"x":{"y":2}},3]}', [["a", 1, "x"], null], [["a", 2], 4])).toBe('{"a":[1,{"x":null},4]}');
    expect(set("[[],{}]", [[0], "a"], [[1], "b"])).toBe('["a","b"]');
    expect(set(" 1 ", [[], 2])).toBe(" 2 ");
  });

  it("add a missing member at the end of its object", () => {
    expect(set('{"a":1}', [["b"], 2], [["é\n"], "x"])).toBe('{"a":1,"b":2,"é\\n":"x"}');
    expect(set('{\n  "a": {"c":[]}\n}\n', [["b"], true])).toBe('{\n  "a": {"c":[]},"b":true\n}\n');
    expect(set("{ }", [["b"], 2])).toBe('{"b":2 }');
    expect(set('{"a":{"x":{}},"z":0}', [["a", "x", "y"], 1], [["a", "w"], 2])).toBe('{"a":{"x":{"y":1},"w":2},"z":0}');
  });

  it("add missing parents, once", () => {
    expect(set('{"a":1}', [["o", "p"], true], [["o", "q"], 1])).toBe('{"a":1,"o":{"p":true,"q":1}}');
  });

  it.each(["null", '"x"', "[1]", "7"])("replace %s that stands in a parent's way", (inTheWay) => {
    expect(set(`{"o":${inTheWay}}`, [["o", "p"], true])).toBe('{"o":{"p":true}}');
  });

  it("are made in order: the later one wins", () => {
    expect(set('{"a":{"k":1}}', [["a"], 1], [["a"], 2])).toBe('{"a":2}');
    expect(set('{"a":{"k":1}}', [["a", "b"], 1], [["a"], 2])).toBe('{"a":2}');
    expect(set('{"a":{"k":1}}', [["a"], 1], [["a", "b"], 2])).toBe('{"a":{"b":2}}');
  });

  it("win over edits of the same value and leave other edits", () => {
    const document = read('{"a":{"b":"xx"},"c":"yy xx"}');
    replaceAll(document, "xx", "z");
    expect(shown(document, { sets: [{ path: ["a", "b"], value: 1 }] })).toBe('{"a":{"b":1},"c":"yy z"}');
    expect(
      shown(document, {
        sets: [
          { path: ["a"], value: 1 },
          { path: ["d"], value: 2 },
        ],
      }),
    ).toBe('{"a":1,"c":"yy z","d":2}');
    expect(shown(document)).toBe('{"a":{"b":"z"},"c":"yy z"}');
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])("%d is no JSON: a mistake", (value) => {
    expect(() => set("{}", [["a"], value])).toThrow("JSON has a value for");
  });

  it("an item that an array does not have: a mistake", () => {
    expect(() => set("[1]", [[1], 2])).toThrow("item");
    expect(() => set("{}", [["a", 0], 2])).toThrow("item");
  });
});

describe("set", () => {
  it("changes the structure and walks again; the rest stays byte for byte", () => {
    const rules = { keys: keys({ messages: { below: text("messages") } }) };
    const document = read('{ "n": 1.0, "messages": [ {"c":"a"} ] }', rules, true);
    const before = document.slots;
    document.set(["messages"], [{ c: "b" }, { c: "\ud800" }]);
    expect(shown(document)).toBe('{ "n": 1.0, "messages": [{"c":"b"},{"c":"\\ud800"}] }');
    expect(document.edited).toBe(true);
    expect(document.get(["messages", 1, "c"])).toBe("\ud800");
    expect(document.slots.map((slot) => slot.text)).toEqual(["c", "b", "c", "\ud800", "n", "messages"]);
    expect(document.render()).toBe(document.render());
    expect(() => document.replace(before[1] as Slot, 0, 1, "x")).toThrow("not one of this document");
    replaceAll(document, "b", "B");
    expect(document.get(["messages", 0])).toEqual({ c: "B" });
  });

  it("shows every edit made so far, whatever was rendered before", () => {
    const document = read('{"a":"one two"}');
    const slot = slotOf(document, "one two");
    document.replace(slot, 0, 3, "1", "personal");
    expect(shown(document)).toBe('{"a":"1 two"}');
    document.replace(slot, 4, 7, "2", "secret");
    expect(shown(document)).toBe('{"a":"1 2"}');
    expect(shown(document, { kinds: new Set(["secret"]) })).toBe('{"a":"one 2"}');
    expect(shown(document, { sets: [{ path: ["b"], value: 3 }] })).toBe('{"a":"1 2","b":3}');
    expect(shown(document)).toBe('{"a":"1 2"}');
  });

  it("is refused after the first edit", () => {
    const document = read('["x"]');
    replaceAll(document, "x", "y");
    expect(() => document.set([], 1)).toThrow("before texts are edited");
    expect(shown(document)).toBe('["y"]');
  });
});

describe("set, where the walk refuses what came of it", () => {
  it("leaves the document as it was", () => {
    const document = read('{"a":"x"}');
    const deep = JSON.parse("[".repeat(200) + "]".repeat(200)) as unknown;
    expect(() => document.set(["a"], deep)).toThrow("nested too deeply");
    expect(document.edited).toBe(false);
    expect(shown(document)).toBe('{"a":"x"}');
    expect(document.slots.map((slot) => slot.text)).toEqual(["a", "x"]);
  });
});

describe("JSON in a string", () => {
  const rules: RuleNode = {
    below: text("messages"),
    keys: keys({ arguments: { slot: json, keys: keys({ id: { slot: { ...opaque, section: "messages" } } }) } }),
  };
  const body = (inner: string) => `{"arguments":${JSON.stringify(inner)}}`;

  it("of a request is walked: its strings and keys are slots", () => {
    const document = read(body('{"to":["a \\"x\\" b\\u00e9"],"id":"7","n":1.50}'), rules, true);
    expect(document.slots.map(({ path, kind, encoding, text: of }) => [path, kind, encoding, of])).toEqual([
      [["arguments"], "key", "text", "arguments"],
      [["arguments", "to"], "key", "json", "to"],
      [["arguments", "to", 0], "text", "json", 'a "x" bé'],
      [["arguments", "id"], "key", "json", "id"],
      [["arguments", "id"], "opaque", "json", "7"],
      [["arguments", "n"], "key", "json", "n"],
    ]);
    replaceAll(document, "x", 'q"\n😀');
    replaceAll(document, "é", "e");
    expect(shown(document)).toBe(body('{"to":["a \\"q\\"\\n😀\\" be"],"id":"7","n":1.50}'));
  });

  it("inherits the class of the string that holds it", () => {
    const sealed: RuleNode = { below: text("other"), keys: keys({ arguments: { slot: { ...json, kind: "opaque" } } }) };
    expect(slotOf(read(body('{"a":"x"}'), sealed, true), "x").kind).toBe("opaque");
  });

  it("keeps the outer string's own escapes", () => {
    const document = read('{"arguments":"{\\u0022a\\u0022:\\u0022x\\ud83d\\ude00y\\\\u0041z\\u0022}"}', rules, true);
    expect(slotOf(document, "x😀yAz").path).toEqual(["arguments", "a"]);
    document.replace(slotOf(document, "x😀yAz"), 3, 5, "-");
    expect(shown(document)).toBe('{"arguments":"{\\u0022a\\u0022:\\u0022x\\ud83d\\ude00-z\\u0022}"}');
  });

  it("is walked one level deep only", () => {
    const inmost = JSON.stringify({ a: "x" });
    const document = read(body(JSON.stringify({ arguments: inmost })), { below: json }, true);
    expect(document.slots.map((slot) => slot.text)).toEqual(["arguments", "arguments", inmost]);
    document.replace(slotOf(document, inmost), 0, inmost.length, '"');
    expect(JSON.parse((JSON.parse(shown(document)) as { arguments: string }).arguments)).toEqual({ arguments: '"' });
  });

  it.each(['{"a":"x", "b', "{'a':'x'}", "say x", '"x"', "", "[x"])(
    "that is no object or array is plain text: %j",
    (broken) => {
      const document = read(body(broken), rules, true);
      expect(document.slots.map(({ kind, encoding, text: of }) => [kind, encoding, of])).toEqual([
        ["key", "text", "arguments"],
        ["text", "json", broken],
      ]);
      replaceAll(document, "x", 'q"\n');
      expect(JSON.parse(shown(document))).toEqual({ arguments: broken.replaceAll("x", 'q\\"\\n') });
    },
  );

  it("of an answer is one slot: text for it is escaped already", () => {
    const document = read('{"arguments":"{\\"a\\":\\"x"}', rules);
    expect(document.slots[1]).toMatchObject({ encoding: "json", text: '{"a":"x' });
    replaceAll(document, "x", 'q\\"');
    expect(JSON.parse(shown(document))).toEqual({ arguments: '{"a":"q\\"' });
  });

  it("with a lone surrogate reads it as U+FFFD and leaves it as it is", () => {
    const document = read('{"arguments":"[\\"\\ud800 x\\"]"}', rules, true);
    replaceAll(document, "x", "y");
    expect(document.slots[1]?.text).toBe("\ufffd x");
    expect(shown(document)).toBe('{"arguments":"[\\"\\ud800 y\\"]"}');
  });

  it("maps the edits of many strings in one pass", () => {
    const inner = JSON.stringify(Array(100_000).fill("é x"));
    const document = read(body(inner), rules, true);
    replaceAll(document, "x", "y");
    expect(JSON.parse(shown(document))).toEqual({ arguments: inner.replaceAll("x", "y") });
  });
});
