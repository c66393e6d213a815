import fc from "fast-check";
import { createDocument } from "../../src/document.ts";

const rules = {};
const documentOf = (text: string) => createDocument(Buffer.from(text), rules);
const textOf = (document: ReturnType<typeof documentOf>) => Buffer.from(document.render()).toString();

describe("items added to an array of a body", () => {
  it("stand before and behind what was there, which stays byte for byte", () => {
    const document = documentOf('{ "a": [ 12345678901234567890, {"b" : -0.0} ],"c":1}');
    document.change([{ path: ["a"], before: ["x", { y: 1 }], after: [true] }]);
    expect(textOf(document)).toBe('{ "a": ["x",{"y":1}, 12345678901234567890, {"b" : -0.0},true ],"c":1}');
  });

  it.each(["[]", "[ ]", "[\n]"])("need no comma where %s was empty", (empty) => {
    const document = documentOf(`{"a":${empty}}`);
    document.change([{ path: ["a"], before: [1], after: [2] }]);
    expect(document.get(["a"])).toEqual([1, 2]);
  });

  it("go along with values that are set and members that are taken out, and the body is walked again", () => {
    const document = documentOf('{"model":"prompt:x","a":["p"],"prompt":{"id":"x"}}');
    const { slots } = document;
    document.change([
      { path: ["model"], value: "m" },
      { path: ["a"], before: [], after: ["q"] },
      { path: ["prompt"], value: undefined },
    ]);
    expect(textOf(document)).toBe('{"model":"m","a":["p","q"]}');
    expect(document.slots).not.toBe(slots);
    expect(document.slots.map(({ text }) => text)).toEqual(["model", "m", "a", "p", "q"]);
  });

  it("are refused where there is no array", () => {
    for (const text of ['{"a":{}}', '{"a":"[]"}', "{}"]) {
      const document = documentOf(text);
      expect(() => document.change([{ path: ["a"], before: [1], after: [] }])).toThrow("array");
    }
  });

  it("make what concatenation makes, whatever the items", () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue()),
        fc.array(fc.jsonValue()),
        fc.array(fc.jsonValue()),
        (old, before, after) => {
          const document = documentOf(JSON.stringify({ a: old }, undefined, 1));
          document.change([{ path: ["a"], before, after }]);
          expect(document.get(["a"])).toEqual(JSON.parse(JSON.stringify([...before, ...old, ...after])));
        },
      ),
    );
  });
});
