import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { createSseParser, maxEvent, type SseEvent, sseBytes, withData } from "../../src/dialects/sse.ts";
import { Refusal } from "../../src/errors.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text);
const string = (from: Uint8Array): string => Buffer.from(from).toString();

function parse(chunks: readonly Uint8Array[]): SseEvent[] {
  const events: SseEvent[] = [];
  const parser = createSseParser((event) => events.push(event));
  for (const chunk of chunks) parser.write(chunk);
  parser.end();
  return events;
}

const readable = (events: readonly SseEvent[]) =>
  events.map((event) => ({ ...event, original: string(event.original), data: string(event.data) }));

/** The text in pieces that end before each of the places. */
function cut(stream: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places].sort((a, b) => a - b);
  return [...ends, stream.length].map((end, i) => stream.slice(i === 0 ? 0 : ends[i - 1], end));
}

const folder = new URL("../fixtures/openai-chat/", import.meta.url);
const recorded = readdirSync(folder).filter((name) => name.endsWith(".sse"));

/** Equal events, told quickly: there are many cuts. */
const same = (events: readonly SseEvent[], expected: readonly SseEvent[]): boolean =>
  events.length === expected.length &&
  events.every((event, i) => {
    const { original, data, name, complete } = expected[i] as SseEvent;
    const equal = Buffer.compare(event.original, original) === 0 && Buffer.compare(event.data, data) === 0;
    return equal && event.name === name && event.complete === complete;
  });

const streams: Readonly<Record<string, string>> = {
  "line feeds": 'event: ping\ndata: {"a":1}\n\ndata: [DONE]\n\n',
  "carriage returns and line feeds": "event: ping\r\ndata: one\r\ndata: two\r\n\r\n: comment\r\n\r\ndata:x\r\n\r\n",
  "carriage returns": "data: one\rid: 4\r\rdata: two\r\r",
  "mixed line ends": "data: a\r\ndata: b\rdata: c\n\r\ndata: d\n\rdata: e\r\r\ndata: f\r\n\n",
  "a byte order mark": "\ufeffdata: one\n\ndata: \ufefftwo\n\n",
  "a byte order mark before a blank line": "\ufeff\r\n\ufeffdata: one\n\n",
  "half a byte order mark": "\u{fec0}data: one\n\ndata: two\n\n",
  "blank lines": "\n\n\r\n\rdata: x\n\n\n",
  "no blank line at the end": "data: one\n\ndata: two\r",
  "an unfinished line at the end": 'data: one\n\ndata: {"tw',
  "an unfinished line of a multi-byte text": "data: Grüße 👋 — ok\n\nevent: ü\ndata",
};

describe("an SSE parser", () => {
  it("reads names and data", () => {
    const [first, second] = readable(parse([bytes('event: delta\ndata: {"a":1}\n\ndata:[DONE]\n\n')]));
    expect(first).toMatchObject({ name: "delta", data: '{"a":1}', hasData: true, complete: true });
    expect(second).toMatchObject({ name: undefined, data: "[DONE]", hasData: true, complete: true });
  });

  it.each([
    ["data:x", "x"],
    ["data: x", "x"],
    ["data:  x ", " x "],
    ["data:x:y", "x:y"],
    ["data:", ""],
    ["data: ", ""],
    ["data", ""],
    ["data: a\ndata\ndata:b", "a\n\nb"],
    ["data:\ndata:", "\n"],
  ])("takes the data of %j for %j", (lines, data) => {
    expect(readable(parse([bytes(`${lines}\n\n`)]))).toMatchObject([{ data, hasData: true }]);
  });

  it.each([": comment", ":", "id: 7\nretry: 100", "event: ping", "datax: y", "Data: y", " data: y", "dat", "da:ta"])(
    "finds no data in %j",
    (lines) => {
      expect(readable(parse([bytes(`${lines}\n\n`)]))).toMatchObject([{ data: "", hasData: false, complete: true }]);
    },
  );

  it("takes the last name, and an empty one for none", () => {
    expect(parse([bytes("event: a\nevent: b\n\nevent: a\nevent:\n\n")]).map((event) => event.name)).toEqual([
      "b",
      undefined,
    ]);
  });

  it("emits what the stream leaves unfinished, and says that it is", () => {
    expect(readable(parse([bytes('data: a\n\nevent: x\ndata: {"b')]))).toMatchObject([
      { data: "a", complete: true },
      { original: 'event: x\ndata: {"b', name: "x", data: '{"b', complete: false },
    ]);
    expect(parse([bytes("data: a\n\n")])).toHaveLength(1);
    expect(parse([])).toHaveLength(0);
  });

  it.each(Object.entries(streams))("gives the same events wherever it is cut: %s", (_, text) => {
    const stream = bytes(text);
    const whole = parse([stream]);
    expect(whole.length).toBeGreaterThan(1);
    expect(whole.map((event) => string(event.original)).join("")).toBe(text);
    const places = Array.from({ length: stream.length + 1 }, (_, at) => at);
    const pairs = places.flatMap((a) => places.slice(a).map((b) => [a, b]));
    expect(pairs.filter((pair) => !same(parse(cut(stream, pair)), whole))).toEqual([]);
    expect(same(parse(cut(stream, places)), whole)).toBe(true);
  });

  it.each(recorded)("gives the same events wherever a recorded stream is cut: %s", (name) => {
    const stream = readFileSync(new URL(name, folder));
    const whole = parse([stream]);
    expect(Buffer.concat(whole.map((event) => event.original)).equals(stream)).toBe(true);
    const places = Array.from({ length: stream.length }, (_, at) => at);
    expect(places.filter((at) => !same(parse(cut(stream, [at])), whole))).toEqual([]);
  });

  it("agrees with the specification, read line by line, on any stream however cut", () => {
    const piece = fc.constantFrom(
      "data: x",
      "data:",
      "data",
      "event: e",
      "event",
      ": c",
      "id: 1",
      "\n",
      "\r",
      "\r\n",
      "\n\n",
      "ü",
      " ",
    );
    const stream = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(stream, fc.array(fc.nat(80)), (text, places) => {
        const stream = bytes(text);
        const events = parse(
          cut(
            stream,
            places.filter((place) => place < stream.length),
          ),
        );
        expect(Buffer.concat(events.map((event) => event.original)).equals(stream)).toBe(true);
        expect(
          events.filter((event) => event.complete && event.hasData).map((event) => [event.name, string(event.data)]),
        ).toEqual(specified(text));
      }),
      { numRuns: 500 },
    );
  });

  it("gives views of the chunk, not copies", () => {
    const chunk = bytes("data: one\n\ndata: two\n\n");
    for (const event of parse([chunk])) {
      expect(event.original.buffer).toBe(chunk.buffer);
      expect(event.data.buffer).toBe(chunk.buffer);
    }
  });

  it("reads a large event in small pieces", () => {
    const data = "x".repeat(1_000_000);
    const stream = bytes(`data: ${data}\n\ndata: next\n\n`);
    const places = Array.from({ length: 999 }, (_, i) => (i + 1) * 1000);
    expect(parse(cut(stream, places)).map((event) => event.data.length)).toEqual([1_000_000, 4]);
  });

  it("refuses an event that is too large", () => {
    const parser = createSseParser(() => {});
    const event = Buffer.concat([bytes("data: x\n\ndata: "), Buffer.alloc(maxEvent, "x"), bytes("\n\n")]);
    expect(() => parser.write(event)).toThrow(new Refusal("upstream_invalid"));
  });

  it("holds no more of an event than may come", () => {
    const parser = createSseParser(() => {});
    const piece = Buffer.alloc(maxEvent / 16, "x");
    for (let i = 0; i < 16; i++) parser.write(piece);
    expect(() => parser.write(piece)).toThrow(new Refusal("upstream_invalid"));
  });

  it("takes an event that is just not too large", () => {
    const data = Buffer.alloc(maxEvent - 8, "x");
    expect(parse([bytes("data: "), data, bytes("\n\n")])).toHaveLength(1);
  });
});

/** The algorithm of WHATWG HTML 9.2.6, on a whole text. */
function specified(text: string): [string | undefined, string][] {
  const events: [string | undefined, string][] = [];
  let name: string | undefined;
  let data: string[] = [];
  for (const line of text.replace(/\r\n?/g, "\n").split("\n").slice(0, -1)) {
    if (line === "") {
      if (data.length > 0) events.push([name, data.join("\n")]);
      name = undefined;
      data = [];
      continue;
    }
    const [, field, value] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === "data") data.push(value ?? "");
    if (field === "event") name = value || undefined;
  }
  return events;
}

describe("sseBytes", () => {
  it("writes an event that the parser reads back", () => {
    expect(string(sseBytes(undefined, '{"a":1}'))).toBe('data: {"a":1}\n\n');
    expect(string(sseBytes("error", "a\r\nb\n\nc"))).toBe("event: error\ndata: a\ndata: b\ndata: \ndata: c\n\n");
    expect(readable(parse([sseBytes("error", "a\nb")]))).toMatchObject([{ name: "error", data: "a\nb" }]);
  });
});

describe("withData", () => {
  const replaced = (stream: string, data: string): string => {
    const [event] = parse([bytes(stream)]);
    return string(withData(event as SseEvent, bytes(data)));
  };

  it.each([
    ["data: old\n\n", "data: new!\n\n"],
    ["data:old\r\n\r\n", "data:new!\r\n\r\n"],
    [": note\nid: 7\nevent: e\ndata: old\nretry: 5\n\n", ": note\nid: 7\nevent: e\ndata: new!\nretry: 5\n\n"],
    ["\ufeffdata: old\n\n", "\ufeffdata: new!\n\n"],
    ["data: old", "data: new!"],
    ["data\n\n", "data: new!\n\n"],
  ])("keeps all else of %j", (stream, expected) => {
    expect(replaced(stream, "new!")).toBe(expected);
  });

  it("puts one line in the place of several, and several in the place of one", () => {
    expect(replaced(": c\r\ndata: a\r\nid: 1\r\ndata: b\r\n\r\n", "ü")).toBe(": c\r\ndata: ü\r\nid: 1\r\n\r\n");
    expect(replaced("id: 1\r\ndata: a\r\n\r\n", "a\nb\r\nc")).toBe("id: 1\r\ndata: a\r\ndata: b\r\ndata: c\r\n\r\n");
  });

  it("adds a data line where there is none", () => {
    expect(replaced("event: ping\n\n", "new")).toBe("event: ping\ndata: new\n\n");
  });

  it("gives the data itself for a body that is no event", () => {
    const body = bytes("{\n}");
    expect(withData({ original: body, data: body }, bytes("{\n1}"))).toEqual(bytes("{\n1}"));
  });
});
