import fc from "fast-check";
import { createDocument } from "../../src/document.ts";
import { Refusal } from "../../src/errors.ts";
import type { Document, Path, RuleNode, Scalar, SlotClass } from "../../src/slot.ts";

const anywhere: RuleNode = {};
const json: SlotClass = { kind: "text", section: "other", encoding: "json", otherwise: "text" };

/** Any UTF-16, lone surrogates and what JSON escapes included. */
const unit = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(..."abc 019") },
  { weight: 3, arbitrary: fc.constantFrom('"', "\\", "/", "\n", "\u0000", "\u007f", "é", "中", "😀", "\u2028") },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) },
);
const anyText = fc.string({ unit, maxLength: 90 });
/** As JSON can tell it: without `-0`. */
const value = fc
  .jsonValue({ maxDepth: 4, stringUnit: unit as never })
  .map((data) => JSON.parse(JSON.stringify(data)) as unknown);

/** Small, seeded: the choices of the printer need not shrink. */
function createChooser(seed: number): (count: number) => number {
  let state = seed >>> 0;
  return (count) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % count;
  };
}

const wellFormed = (text: string) => !/\p{Cs}/u.test(text);
const escaped = (text: string) =>
  text.replace(/./gs, (part) => `\\u${part.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** JSON text of a value with white space, escapes and number forms chosen at random. */
function print(data: unknown, choose: (count: number) => number): string {
  const space = () => [" ", "\n", "\t", "\r\n  ", "", "", "", "", ""][choose(9)] as string;
  const string = (text: string) =>
    `"${Array.from(text, (part) => (choose(8) === 0 || !wellFormed(part) ? escaped(part) : JSON.stringify(part).slice(1, -1))).join("")}"`;
  const of = (each: unknown): string => {
    if (typeof each === "string") return string(each);
    if (Array.isArray(each))
      return `[${each.map((item) => space() + of(item) + space()).join(",")}${each.length === 0 ? space() : ""}]`;
    if (typeof each !== "object" || each === null)
      return Number.isSafeInteger(each) && choose(3) === 0 ? `${each}.0e0` : JSON.stringify(each);
    const members = Object.entries(each).map(
      ([key, item]) => `${space()}${string(key)}${space()}:${space()}${of(item)}${space()}`,
    );
    return `{${members.join(",")}${members.length === 0 ? space() : ""}}`;
  };
  return space() + of(data) + space();
}

const printed = fc.tuple(value, fc.nat()).map(([data, seed]) => ({ data, text: print(data, createChooser(seed)) }));

interface Found {
  readonly path: Path;
  readonly text: string;
  readonly kind: string;
}

function* stringsOf(data: unknown, path: Path = []): Generator<Found> {
  if (typeof data === "string") yield { path, text: data, kind: "text" };
  if (Array.isArray(data)) for (const [index, item] of data.entries()) yield* stringsOf(item, [...path, index]);
  else if (typeof data === "object" && data !== null) {
    for (const [key, item] of Object.entries(data)) {
      yield { path: [...path, key], text: key, kind: "key" };
      yield* stringsOf(item, [...path, key]);
    }
  }
}

/** A copy in which the string at each path went through `change`. */
function changed(data: unknown, change: (text: string, path: Path) => string, path: Path = []): unknown {
  if (typeof data === "string") return change(data, path);
  if (Array.isArray(data)) return data.map((item, index) => changed(item, change, [...path, index]));
  if (typeof data !== "object" || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([key, item]) => [key, changed(item, change, [...path, key])]));
}

const tokens = (text: string) => text.match(/"(?:[^"\\]|\\.)*"|[^"]+/gs) ?? [];
const documentOf = (text: string, nested = false, rules = anywhere) =>
  createDocument(Buffer.from(text), rules, { nested });
const shown = (document: Document, rendered = document.render()) =>
  JSON.parse(Buffer.from(rendered).toString()) as unknown;

interface Cut {
  readonly at: number;
  readonly size: number;
  readonly text: string;
  readonly personal: boolean;
}
const cuts = fc.array(
  fc.record({ at: fc.nat({ max: 20 }), size: fc.nat({ max: 12 }), text: anyText, personal: fc.boolean() }),
  {
    minLength: 1,
    maxLength: 4,
  },
);

const within = (text: string, offset: number) =>
  /[\ud800-\udbff]$/.test(text.slice(0, offset)) && /^[\udc00-\udfff]/.test(text.slice(offset)) ? offset + 1 : offset;

/** The cuts as disjoint ranges of a text that split no pair; no two insertions at one place. */
function rangesOf(
  text: string,
  wanted: readonly Cut[],
): { start: number; end: number; text: string; personal: boolean }[] {
  let from = 0;
  const ranges: { start: number; end: number; text: string; personal: boolean }[] = [];
  for (const cut of wanted) {
    const start = within(text, from + cut.at);
    if (start > text.length) break;
    const end = within(text, Math.min(start + cut.size, text.length));
    ranges.push({ start, end, text: cut.text, personal: cut.personal });
    from = end === start ? end + 1 : end;
  }
  return ranges;
}

function applied(text: string, wanted: readonly Cut[], personal = true): string {
  const ranges = rangesOf(text, wanted).filter((range) => personal || !range.personal);
  return ranges.reduceRight(
    (result, range) => result.slice(0, range.start) + range.text + result.slice(range.end),
    text,
  );
}

/** Makes the cuts in every second text slot, the last ones first. Returns the paths of what was edited. */
function edit(document: Document, wanted: readonly Cut[]): Set<string> {
  const edited = new Set<string>();
  const texts = document.slots.filter((slot) => slot.kind === "text").filter((_, index) => index % 2 === 0);
  for (const slot of texts.reverse()) {
    for (const range of rangesOf(slot.text, wanted).reverse()) {
      document.replace(slot, range.start, range.end, range.text, range.personal ? "personal" : "secret");
      edited.add(JSON.stringify(slot.path));
    }
  }
  return edited;
}

describe("a document, for any JSON text", () => {
  it("finds every string and key, decoded, with its path, in the order of the text", () => {
    fc.assert(
      fc.property(printed, ({ text, data }) => {
        const found = documentOf(text).slots.map((slot) => ({ path: slot.path, text: slot.text, kind: slot.kind }));
        expect(found).toEqual([...stringsOf(data)]);
      }),
      { numRuns: 500 },
    );
  });

  it("renders the very bytes that came where nothing was edited, and gets every value", () => {
    fc.assert(
      fc.property(printed, ({ text, data }) => {
        const bytes = Buffer.from(text);
        const document = createDocument(bytes, anywhere);
        expect(document.render()).toBe(bytes);
        expect(document.get([])).toEqual(JSON.parse(text));
        for (const { path, text: wanted, kind } of stringsOf(data))
          if (kind === "text") expect(document.get(path)).toBe(wanted);
      }),
    );
  });

  it("renders the edited texts, and every byte outside of them as it came", () => {
    fc.assert(
      fc.property(printed, cuts, ({ text, data }, wanted) => {
        const body = `{"big":12345678901234567890,"zero":-0.0,"body":${text}}`;
        const document = documentOf(body);
        const edited = edit(document, wanted);
        const paths = document.slots.map((slot) => (slot.kind === "text" ? JSON.stringify(slot.path) : "key"));
        const expected = changed(data, (each, path) =>
          edited.has(JSON.stringify(["body", ...path])) ? applied(each, wanted) : each,
        );
        const rendered = Buffer.from(document.render()).toString();
        expect((JSON.parse(rendered) as { body: unknown }).body).toEqual(expected);
        expect(document.get(["body"])).toEqual(expected);
        const isString = (token: string) => token.startsWith('"');
        const rest = (of: string) => {
          let string = -1;
          return tokens(of).map((token) =>
            isString(token) && edited.has(paths[++string] as string) ? "edited" : token,
          );
        };
        expect(rest(rendered)).toEqual(rest(body));
      }),
      { numRuns: 500 },
    );
  });

  it("makes only the edits of the kinds that are asked for", () => {
    fc.assert(
      fc.property(printed, cuts, ({ text, data }, wanted) => {
        const document = documentOf(text);
        const edited = edit(document, wanted);
        const expected = changed(data, (each, path) =>
          edited.has(JSON.stringify(path)) ? applied(each, wanted, false) : each,
        );
        expect(shown(document, document.render({ kinds: new Set(["secret"]) }))).toEqual(expected);
      }),
    );
  });

  it("edits JSON in a string as JSON", () => {
    const rules: RuleNode = { keys: new Map([["arguments", { slot: json }]]) };
    fc.assert(
      fc.property(fc.oneof(fc.array(value), fc.dictionary(anyText, value)), fc.nat(), cuts, (data, seed, wanted) => {
        const choose = createChooser(seed);
        const inner = print(data, choose);
        const document = documentOf(print({ a: "before", arguments: inner, b: "after" }, choose), true, rules);
        const strings = [...stringsOf(data, ["arguments"])];
        expect(document.slots.slice(3, -2).map(({ path, text, kind }) => ({ path, text, kind }))).toEqual(strings);
        expect(document.slots.slice(3, -2).every((slot) => slot.encoding === "json")).toBe(true);
        const edited = edit(document, wanted);
        const outer = shown(document) as { arguments: string };
        const expected = changed(data, (each, path) =>
          edited.has(JSON.stringify(["arguments", ...path])) ? applied(each, wanted) : each,
        );
        expect(JSON.parse(outer.arguments)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });
});

describe("values that are set, for any JSON text", () => {
  const name = fc.constantFrom("a", "b", "é", 'q"', "");
  const scalar: fc.Arbitrary<Scalar> = fc.oneof(anyText, fc.integer(), fc.boolean(), fc.constant(null));
  const settings = fc.array(fc.record({ path: fc.array(name, { maxLength: 3 }), value: scalar }), {
    minLength: 1,
    maxLength: 4,
  });
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: "small" },
      scalar,
      fc.array(scalar, { maxLength: 2 }),
      fc.dictionary(name, tie("tree"), { maxKeys: 4 }),
    ),
  }));

  function setIn(data: unknown, path: Path, to: unknown): unknown {
    const [first, ...rest] = path;
    if (first === undefined) return to;
    const members = typeof data === "object" && data !== null && !Array.isArray(data) ? Object.entries(data) : [];
    const known = members.findIndex(([key]) => key === first);
    const member: [string, unknown] = [String(first), setIn(members[known]?.[1], rest, to)];
    return Object.fromEntries(known < 0 ? [...members, member] : members.with(known, member));
  }

  it("are there, in order, with missing parents; later ones win; the rest is kept", () => {
    fc.assert(
      fc.property(fc.tuple(tree, fc.nat()), settings, cuts, ([data, seed], sets, wanted) => {
        const document = documentOf(print(data, createChooser(seed)));
        const edited = edit(document, wanted);
        const texts = changed(data, (each, path) => (edited.has(JSON.stringify(path)) ? applied(each, wanted) : each));
        const expected = sets.reduce((before, { path, value: to }) => setIn(before, path, to), texts);
        expect(JSON.stringify(shown(document, document.render({ sets })))).toBe(JSON.stringify(expected));
      }),
      { numRuns: 1000 },
    );
  });

  it("change the document when they are set on it", () => {
    fc.assert(
      fc.property(fc.tuple(tree, fc.nat()), settings, ([data, seed], sets) => {
        const document = documentOf(print(data, createChooser(seed)));
        for (const { path, value: to } of sets) document.set(path, to);
        const expected = sets.reduce((before, { path, value: to }) => setIn(before, path, to), data as unknown);
        expect(JSON.stringify(shown(document))).toBe(JSON.stringify(expected));
        expect(document.slots.map((slot) => slot.text)).toEqual([...stringsOf(expected)].map(({ text }) => text));
      }),
    );
  });
});

describe("the walk, for any text", () => {
  const alphabet = fc.constantFrom(..."{}[]\",:\\/ \t\n\r\f0123456789.eE+-tfnuabrl'\u0000\u001f\u007fé中😀\ufeff");
  const mutation = fc.record({
    at: fc.nat(),
    remove: fc.nat({ max: 3 }),
    insert: fc.string({ unit: alphabet, maxLength: 3 }),
  });
  const mutated = fc.tuple(printed, fc.array(mutation, { minLength: 1, maxLength: 3 })).map(([{ text }, mutations]) =>
    mutations.reduce((result, { at, remove, insert }) => {
      const start = result.length === 0 ? 0 : at % result.length;
      return result.slice(0, start) + insert + result.slice(start + remove);
    }, text),
  );
  /** Deeply nested punctuation finds other mistakes than mutated texts do. */
  const noise = fc.string({ unit: fc.constantFrom(...'{}[]",:1 \\ua-0.e'), maxLength: 14 });

  function verdict(text: string): string {
    try {
      createDocument(Buffer.from(text), anywhere);
      return "accepted";
    } catch (cause) {
      if (cause instanceof Refusal) return cause.code;
      throw cause;
    }
  }

  function expectedVerdict(text: string): string {
    try {
      const keys = tokens(text.replace(/("(?:[^"\\]|\\.)*")\s*:/gs, "$1:")).filter((token) =>
        token.startsWith(":"),
      ).length;
      const distinct = [...stringsOf(JSON.parse(text))].filter(({ kind }) => kind === "key").length;
      return keys === distinct ? "accepted" : "duplicate_key";
    } catch {
      return "invalid_json";
    }
  }

  it("accepts what JSON.parse accepts, duplicate keys apart", () => {
    fc.assert(
      fc.property(fc.oneof(mutated, noise), (text) => {
        fc.pre(!text.startsWith("\ufeff") && wellFormed(text));
        expect(verdict(text)).toBe(expectedVerdict(text));
      }),
      { numRuns: 5_000 },
    );
  });

  it("refuses a key that stands twice, however it is escaped, in objects of any size", () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyText, { minLength: 1, maxLength: 30 }), fc.nat(), fc.nat(), (keys, which, seed) => {
        const choose = createChooser(seed);
        const twice = keys[which % keys.length] as string;
        const all = [...keys.slice(0, choose(keys.length) + 1), ...keys.slice(choose(keys.length) + 1)];
        const once = `[{${[...new Set(keys)].map((key) => `${print(key, choose)}:1`).join(",")}}]`;
        const repeated = `[{${[...all, twice, twice].map((key) => `${print(key, choose)}:1`).join(",")}}]`;
        expect([verdict(once), verdict(repeated)]).toEqual(["accepted", "duplicate_key"]);
      }),
    );
  });

  it("refuses what is not UTF-8, and only that", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 6 }), (content) => {
        const bytes = Buffer.concat([
          Buffer.from('"'),
          content.map((byte) => (byte < 0x80 ? 0x61 : byte)),
          Buffer.from('"'),
        ]);
        const valid = !bytes.toString().includes("\ufffd") || content.join() === "239,191,189";
        let code = "accepted";
        try {
          createDocument(bytes, anywhere);
        } catch (cause) {
          code = (cause as Refusal).code;
        }
        expect(code).toBe(valid ? "accepted" : "invalid_encoding");
      }),
      { numRuns: 2000 },
    );
  });
});
