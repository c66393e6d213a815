import { gzipSync } from "node:zlib";
import fc from "fast-check";
import type { TestGateway } from "../../adapters/testing.ts";
import type { ErrorCode } from "../../src/errors.ts";
import {
  anthropic,
  bytesOf,
  call,
  createHostileGateway,
  expectAlive,
  marker,
  openai,
  refusalIn,
  wires,
} from "./hostile-scene.ts";

let test: TestGateway;
beforeAll(() => {
  test = createHostileGateway();
});
afterAll(() => test.close());

const said = `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"${marker}"}]`;
const bytes = (...parts: readonly (string | number)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.of(part))));
const nested = (depth: number, open: string, close: string): string =>
  `${said},"deep":${open.repeat(depth)}1${close.repeat(depth)}}`;

/** What is wrong → the body, and the code that it is refused with. */
const bad: readonly (readonly [string, string | Uint8Array, ErrorCode])[] = [
  ["nothing", "", "invalid_json"],
  ["only space", " \n\t ", "invalid_json"],
  ["cut JSON", said, "invalid_json"],
  ["cut inside a string", said.slice(0, -9), "invalid_json"],
  ["cut inside an escape", `${said},"a":"\\u00`, "invalid_json"],
  ["a comma too many", `${said},}`, "invalid_json"],
  ["two bodies", `${said}}${said}}`, "invalid_json"],
  ["single quotes", said.replaceAll('"', "'"), "invalid_json"],
  ["a comment", `/* ${marker} */${said}}`, "invalid_json"],
  ["a form", `model=m&content=${marker}`, "invalid_json"],
  ["NaN", `${said},"n":NaN}`, "invalid_json"],
  ["a number with a zero in front", `${said},"n":01}`, "invalid_json"],
  ["an unknown escape", `${said},"a":"\\x41"}`, "invalid_json"],
  ["a raw NUL in a string", bytes(said, ',"a":"', 0, '"}'), "invalid_json"],
  ["a raw NUL between", bytes(said, 0, "}"), "invalid_json"],
  ["a raw line feed in a string", `${said},"a":"${marker}\n"}`, "invalid_json"],
  ["a key that is no string", `${said},7:"${marker}"}`, "invalid_json"],
  ["UTF-16, little end first", Buffer.from(`${said}}`, "utf16le"), "invalid_json"],
  [
    "UTF-16 with its mark",
    bytes(0xff, 0xfe, Buffer.from(`${said}}`, "utf16le").toString("latin1")),
    "invalid_encoding",
  ],
  ["a cut inside a UTF-8 character", bytes(`${said},"a":"`, 0xe2, 0x82), "invalid_encoding"],
  ["half of a UTF-8 character in a string", bytes(`${said},"a":"`, 0xe2, 0x82, '"}'), "invalid_encoding"],
  ["an overlong quote", bytes(`${said},"a":"`, 0xc0, 0xa2, '"}'), "invalid_encoding"],
  ["a surrogate in UTF-8", bytes(`${said},"a":"`, 0xed, 0xa0, 0x80, '"}'), "invalid_encoding"],
  ["Latin-1", Buffer.from(`${said},"a":"é"}`, "latin1"), "invalid_encoding"],
  ["gzip without saying so", gzipSync(`${said}}`), "invalid_encoding"],
  ["the same key twice", `${said},"model":"${marker}"}`, "duplicate_key"],
  ["the same key twice, one behind an escape", `${said},"mod\\u0065l":"${marker}"}`, "duplicate_key"],
  ["the same key twice, deep down", `${said},"a":[{"b":{"c":1,"\\u0063":"${marker}"}}]}`, "duplicate_key"],
  ["__proto__ twice", `${said},"__proto__":1,"__proto__":"${marker}"}`, "duplicate_key"],
  ["200,000 nested brackets", nested(200_000, "[", "]"), "too_deep"],
  ["200,000 nested braces", nested(200_000, '{"a":', "}"), "too_deep"],
  ["200,000 brackets, never closed", "[".repeat(200_000), "too_deep"],
  ["a million and one strings", `["${marker}"${',""'.repeat(1_000_000)}]`, "too_many_strings"],
  ["a million and one empty objects", `[{"${marker}":1}${",[[]]".repeat(1_000_000)}]`, "too_many_strings"],
  ["an array", `["${marker}"]`, "invalid_request"],
  ["a string", `"${marker}"`, "invalid_request"],
  ["a number", "12345678901234567890", "invalid_request"],
  ["null", "null", "invalid_request"],
  ["no model", `{"messages":[{"role":"user","content":"${marker}"}]}`, "invalid_request"],
  ["its model inside __proto__", `{"__proto__":{"model":"${marker}"},"messages":[]}`, "invalid_request"],
];

describe.each(wires)("a bad body for $name", (wire) => {
  it.each(bad)("%s", async (_name, body, code) => {
    const sent = test.requests.length;
    expect(refusalIn(await call(test, wire, body), wire)).toBe(code);
    expect(test.requests).toHaveLength(sent);
    await expectAlive(test, wire);
  });
});

const notText = [5, true, null, [], {}, "", "m".repeat(1_025), [marker], { [marker]: marker }];
const notFlag = ["true", marker, 0, 1, [], {}];
const notCount = ["5", marker, -1, 1.5, 2 ** 53, [], {}, true];
const notObject = [marker, 5, true, [], [marker]];

/** Field by field that the gateway has to understand, what it must not be. */
const typed = [
  [openai, "model", notText],
  [openai, "stream", notFlag],
  [openai, "stream_options", notObject],
  [openai, "stream_options.include_usage", notFlag],
  [openai, "max_tokens", notCount],
  [openai, "max_completion_tokens", notCount],
  [openai, "n", [...notCount, 0]],
  [anthropic, "model", notText],
  [anthropic, "stream", notFlag],
  [anthropic, "max_tokens", notCount],
  [anthropic, "thinking", notObject],
  [anthropic, "thinking.type", [5, null, [], {}]],
  [anthropic, "thinking.budget_tokens", notCount],
  [anthropic, "output_config", notObject],
] as const;

describe("a wrong type", () => {
  it.each(typed)("$0.name: $1", async (wire, field, values) => {
    const [outer = "", inner] = field.split(".");
    const around = { type: "enabled" };
    for (const value of values) {
      const body = { ...wire.body, [outer]: inner === undefined ? value : { ...around, [inner]: value } };
      const heard = await call(test, wire, body);
      expect([field, value, refusalIn(heard, wire)]).toEqual([field, value, "invalid_request"]);
      expect(heard.body).toContain(outer);
    }
    await expectAlive(test, wire);
  });

  it.each(["1e400", "-0.5", "1e-7"])("a number that no count is: %s", async (number) => {
    const body = JSON.stringify(openai.body).replace("{", `{"max_tokens":${number},`);
    expect(refusalIn(await call(test, openai, body), openai)).toBe("invalid_request");
  });
});

/** Everything that some step reads without having to understand it. */
const read = {
  openai: `messages tools functions tool_choice modalities service_tier reasoning reasoning_effort prediction web_search_options
    search_parameters plugins audio response_format user metadata stop logprobs`,
  anthropic: `messages system tools tool_choice mcp_servers container thread compaction context_management fallbacks speed
    service_tier inference_geo metadata stop_sequences output_config`,
};

it.each(wires)("whatever stands in the fields of $name, the gateway itself never fails", async (wire) => {
  const fields = read[wire.name].split(/\s+/);
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>(null, true, 0, -1, 1e300, "", "type", marker, "data:image/png;base64,AAAA", "\ud800"),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(
        fc.constantFrom(
          "type",
          "role",
          "content",
          "source",
          "id",
          "tool_calls",
          "function",
          "arguments",
          "edits",
          "__proto__",
        ),
        tie("value"),
        { maxKeys: 4 },
      ),
    ),
  })).value;
  let passed = 0;
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.constantFrom(...fields), json, { maxKeys: 4 }), async (given) => {
      const body = JSON.stringify({ ...wire.body, ...given });
      const heard = await call(test, wire, body);
      if (heard.status === 200) {
        passed++;
        expect(test.requests.at(-1)?.body).toBe(body);
      } else expect(["invalid_request", "duplicate_key"]).toContain(refusalIn(heard, wire));
    }),
    { numRuns: 500 },
  );
  expect(passed).toBeGreaterThan(250);
});

it.each(wires)(
  "random bytes, and random damage to a body of $name: refused or passed, never an error of the gateway",
  async (wire) => {
    const whole = Buffer.from(JSON.stringify(wire.body));
    const damaged = fc
      .tuple(fc.nat(whole.length - 1), fc.nat(8), fc.uint8Array({ maxLength: 8 }))
      .map(([at, length, put]) => Buffer.concat([whole.subarray(0, at), put, whole.subarray(at + length)]));
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 64 }), damaged), async (body) => {
        const heard = await call(test, wire, body);
        if (heard.status === 200) return;
        refused++;
        expect(refusalIn(heard, wire)).toMatch(/^(invalid_|duplicate_key)/);
      }),
      { numRuns: 500 },
    );
    expect(refused).toBeGreaterThan(250);
  },
);

/** Odd, but JSON: it is the provider's business, and gets there byte for byte. */
const odd: readonly (readonly [string, string | Uint8Array])[] = [
  ["a byte order mark", `\ufeff${said}}`],
  ["a lone surrogate", `${said},"a":"\\ud800 and \\udc00\\ud800"}`],
  ["an escaped NUL", `${said},"a":"\\u0000","\\u0000":1}`],
  ["__proto__ and constructor", `${said},"__proto__":{"stream":"x"},"constructor":{"prototype":{"x":1}}}`],
  ["keys of every prototype", `${said},"toString":1,"hasOwnProperty":null,"valueOf":[],"length":-1}`],
  ["numbers beyond any", `${said},"a":[123456789012345678901234567890,1e400,-0.0,1E-999]}`],
  ["space everywhere", ` \r\n\t${said.replaceAll(":", " :\n\t")} \r\n} \n`],
  ["a model named constructor", said.replace('"m"', '"constructor"').concat("}")],
  ["the deepest that is read", nested(127, "[", "]")],
];

const inPrototype = Object.getOwnPropertyNames(Object.prototype);

it.each(odd)("%s passes as it came", async (_name, body) => {
  for (const wire of wires) {
    expect(await call(test, wire, body)).toMatchObject({ status: 200 });
    expect(test.requests.at(-1)?.body).toBe(Buffer.from(bytesOf(body)).toString());
  }
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(inPrototype);
});

describe.each(wires)("a body that $name declares to be something else", (wire) => {
  it.each([
    ["gzip", { "content-encoding": "gzip" }],
    ["two encodings", { "content-encoding": "identity, gzip" }],
    ["an unknown encoding", { "content-encoding": marker }],
    ["text", { "content-type": "text/plain" }],
    ["a form", { "content-type": `multipart/form-data; boundary=${marker}` }],
    ["JSON lines", { "content-type": "application/jsonl" }],
    ["no type at all", { "content-type": "" }],
    ["something like JSON", { "content-type": `application/json${marker}` }],
  ])("%s is refused unread", async (_name, headers) => {
    let read = false;
    const body = (async function* () {
      read = true;
      yield Buffer.from("{}");
    })();
    const { push } = await import("./hostile-scene.ts");
    const heard = await push(test, { url: wire.url, headers: { ...wire.headers, ...headers }, body });
    expect(refusalIn(heard, wire)).toBe("unsupported_media_type");
    expect(read).toBe(false);
    await expectAlive(test, wire);
  });

  it.each([
    ["nothing", { "content-type": undefined }],
    ["JSON in other words", { "content-type": "Application/Vnd.Api+JSON ; charset=utf-8" }],
    ["identity", { "content-encoding": "Identity" }],
  ])("%s is read as JSON", async (_name, headers) => {
    expect(await call(test, wire, wire.body, headers)).toMatchObject({ status: 200 });
  });
});
