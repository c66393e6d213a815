import fc from "fast-check";
import { createDocument } from "../../src/document.ts";
import type { Body } from "../../src/json/body.ts";
import { readLike } from "../../src/json/likeness.ts";
import { type Place, placeOf } from "../../src/json/places.ts";
import type { RuleNode } from "../../src/slot.ts";
import { walk } from "../../src/walk.ts";

const rules: RuleNode = {
  below: { kind: "text", section: "messages", encoding: "text", otherwise: "text" },
  keys: new Map([["id", { slot: { kind: "opaque", section: "other", encoding: "text", otherwise: "opaque" } }]]),
};
const place = placeOf(rules);

/** All that a walk found, but for the body that its strings belong to. */
function found({ strings, containers, root }: Body) {
  const told = strings.map(({ start, end, class: own, holder, index, text }) => [start, end, own, holder, index, text]);
  return { told, containers, root };
}

function walked(text: string | Buffer, from: Place = place): Body | undefined {
  try {
    return walk(Buffer.from(text as string), from);
  } catch {
    return undefined;
  }
}

const like = (model: string, text: string) => readLike(Buffer.from(text), walked(model) as Body);

const word = fc.string({ unit: "binary", maxLength: 12 });
const key = fc.constantFrom("id", "a", "b", 'c"\\', "é");
const tree: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    { weight: 3, arbitrary: word },
    fc.constantFrom(0, 17, -1.5, true, null),
    fc.array(tie("node"), { maxLength: 4 }),
    fc.dictionary(key, tie("node"), { maxKeys: 4 }),
  ),
})).node;

/** The same tree with other words in it. */
function reworded(value: unknown, next: () => string): unknown {
  if (typeof value === "string") return next();
  if (Array.isArray(value)) return value.map((item) => reworded(item, next));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, reworded(item, next)]));
}

describe("a text that is like another one", () => {
  it("is read as a walk reads it, whatever its strings hold", () => {
    fc.assert(
      fc.property(tree, fc.infiniteStream(word), fc.constantFrom(0, 2), (value, words, space) => {
        const other = reworded(value, () => words.next().value as string);
        const [model, text] = [value, other].map((each) => JSON.stringify(each, undefined, space)) as [string, string];
        const body = like(model, text);
        expect(body && found(body)).toEqual(found(walked(text) as Body));
        expect(body?.layout).toBe(body && readLike(Buffer.from(model), body)?.layout);
      }),
      { numRuns: 500 },
    );
  });

  /** Red when a difference outside of the values' strings is overlooked. */
  it("is never read as what a walk would not read", () => {
    const change = fc.record({
      at: fc.nat(400),
      cut: fc.nat(3),
      put: fc.constantFrom("", '"', "\\", ",", "}", "1", ":", '"x":', "\n", "ab"),
    });
    let alike = 0;
    fc.assert(
      fc.property(tree, fc.array(change, { minLength: 1, maxLength: 3 }), (value, changes) => {
        const model = JSON.stringify(value);
        let text = model;
        for (const { at, cut, put } of changes) {
          const from = at % (text.length + 1);
          text = text.slice(0, from) + put + text.slice(from + cut);
        }
        const body = like(model, text);
        if (body === undefined) return;
        alike++;
        expect(found(body)).toEqual(found(walked(text) as Body));
      }),
      { numRuns: 3_000 },
    );
    expect(alike).toBeGreaterThan(100);
  });

  it.each([
    ['{"a":"x"}', '{"b":"x"}', "another key"],
    ['{"a":"x"}', '{"a":1}', "another kind of value"],
    ['{"a":1}', '{"a":2}', "another number"],
    ['["x"]', '["x","y"]', "one more"],
    ['["x","y"]', '["x"]', "one less"],
    ['["x"]', '["x"] ', "space behind it"],
    ['["x"]', '["y', "no end"],
    ['["x"]', '["\n"]', "a control character"],
    ['["x"]', '["\\q"]', "no escape"],
    ['["x"]', "", "nothing at all"],
  ])("is none: %s and %s, %s", (model, text) => expect(like(model, text)).toBeUndefined());

  it("is none where what a string holds decides its class", () => {
    const binary: RuleNode = { below: { kind: "binary", section: "other", encoding: "text", otherwise: "text" } };
    const model = walked('["short"]', placeOf(binary)) as Body;
    const payload = Buffer.from(JSON.stringify(["A".repeat(200)]));
    expect(readLike(payload, model)).toBeUndefined();
    const before = createDocument(Buffer.from('["short"]'), binary);
    expect(createDocument(payload, binary, { like: before }).slots[0]?.kind).toBe("binary");
  });
});

describe("a document like the last one of its stream", () => {
  const read = (text: string, before?: ReturnType<typeof createDocument>) =>
    createDocument(Buffer.from(text), rules, { like: before });

  it("shares its layout, and nothing that was edited in it", () => {
    const first = read('{"id":"1","a":["hello"]}');
    const [, , , slot] = first.slots;
    if (slot) first.replace(slot, 0, 5, "changed");
    const second = read('{"id":"22","a":["and \\"so\\" on"]}', first);
    expect(second.layout).toBe(first.layout);
    expect(second.slots.map(({ text, kind }) => [text, kind])).toEqual([
      ["id", "key"],
      ["22", "opaque"],
      ["a", "key"],
      ['and "so" on', "text"],
    ]);
    expect([second.edited, second.get(["a", 0]), first.get(["a", 0])]).toEqual([false, 'and "so" on', "changed"]);
    expect(Buffer.from(first.render()).toString()).toBe('{"id":"1","a":["changed"]}');
  });

  it("has a layout of its own where more is different, or the rules are", () => {
    const first = read('{"a":"x"}');
    expect(read('{"a":"x","b":1}', first).layout).not.toBe(first.layout);
    expect(createDocument(Buffer.from('{"a":"y"}'), {}, { like: first }).layout).not.toBe(first.layout);
  });

  it("is refused where it is no JSON, as it would be alone", () => {
    const first = read('{"a":"x"}');
    for (const text of ['{"a":"x"', '{"a":"x","a":"x"}', '{"a":"\\u12"}'])
      expect(() => read(text, first)).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/invalid_json|duplicate_key/) }),
      );
    expect(() => createDocument(Buffer.from('{"a":"\xff"}', "latin1"), rules, { like: first })).toThrow(
      expect.objectContaining({ code: "invalid_encoding" }),
    );
  });
});
