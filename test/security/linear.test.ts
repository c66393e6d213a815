import type { TestGateway } from "../../adapters/testing.ts";
import { call, createHostileGateway, openai } from "./hostile-scene.ts";
import { createStepCounter, type StepCounter } from "./steps.ts";

let test: TestGateway;
beforeAll(async () => {
  test = createHostileGateway({ redaction: { secrets: "mask" } });
  await test.gateway.ready;
});
afterAll(() => test.close());

const times = (count: number, make: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => make(index)).join("");
const inText =
  (piece: string | ((index: number) => string)) =>
  (size: number): string =>
    JSON.stringify({
      model: "m",
      messages: [
        {
          role: "user",
          content: typeof piece === "string" ? piece.repeat(size / piece.length) : times(size / piece(0).length, piece),
        },
      ],
    });
const inBody =
  (make: (count: number) => string) =>
  (size: number): string =>
    `{"model":"m","messages":[],"x":${make(Math.floor(size / 10))}}`;
const inArguments =
  (make: (count: number) => string) =>
  (size: number): string => {
    const call = { id: "c", type: "function", function: { name: "f", arguments: make(Math.floor(size / 10)) } };
    return JSON.stringify({ model: "m", messages: [{ role: "assistant", tool_calls: [call] }] });
  };

/** What a scanner, a parser or a restorer might look at again and again → a body of about so many bytes. */
const hostile: Readonly<Record<string, (size: number) => string>> = {
  brackets: inText("["),
  "beginnings of placeholders": inText("[EMAIL_"),
  "names of placeholders with gaps": inText("[E M A I L _ 1 "),
  "the caller's own placeholders": inText((index) => `[EMAIL_${10_000 + (index % 90_000)}] `),
  "at signs": inText("a@"),
  "dots and at signs": inText("a.b-c@d."),
  "an endless local part": inText("a.a"),
  "addresses, all different": inText((index) => `u${10_000 + index}@example.com `),
  digits: inText("1"),
  "digits and spaces": inText("1 "),
  "digits and dashes": inText("12-"),
  colons: inText(":"),
  "hexadecimal and colons": inText("a:"),
  "dots and digits": inText("1.1."),
  "beginnings of a token": inText("ghp_"),
  "beginnings of a JWT": inText("eyJa."),
  "beginnings of a private key": inText("-----BEGIN PRIVATE KEY-----\n"),
  "beginnings of a URL with a password": inText("a://b:c"),
  "names of credentials": inText("password = "),
  "country codes": inText("DE89 "),
  "plus signs": inText("+1 "),
  "letters of another width": inText("\uff21\uff20"),
  "combining marks": inText("e\u0301"),
  "pairs of surrogates": inText("\u{1f600}"),
  "escaped letters": (size) => `{"model":"m","messages":[{"role":"user","content":"${"\\u0041".repeat(size / 6)}"}]}`,
  "escaped backslashes": (size) => `{"model":"m","messages":[{"role":"user","content":"${"\\\\".repeat(size / 2)}"}]}`,
  "empty strings": inBody((count) => `[""${',""'.repeat(count)}]`),
  "empty objects": inBody((count) => `[{}${',{"a":{}}'.repeat(count)}]`),
  keys: inBody((count) => `{${times(count, (index) => `"${100_000 + index}":1,`)}"z":1}`),
  "keys that look alike": inBody((count) => `{${times(count, (index) => `"a${100_000 + index}a":1,`)}"z":1}`),
  "keys with escapes": inBody((count) => `{${times(count, (index) => `"\\u0061${100_000 + index}":1,`)}"z":1}`),
  "small objects": inBody((count) => `[${times(count, () => '{"a":1,"b":2},')}1]`),
  "small objects with twenty keys": inBody(
    (count) => `[${times(count / 20, () => `{${times(20, (index) => `"k${index}":1,`)}"z":1},`)}1]`,
  ),
  "arguments with many strings": inArguments((count) =>
    JSON.stringify(Array.from({ length: count }, () => "a@b.example")),
  ),
  "arguments of brackets": inArguments((count) => "[".repeat(count)),
  "arguments in arguments": inArguments((count) => JSON.stringify(JSON.stringify(JSON.stringify('"'.repeat(count))))),
  ids: (size) =>
    JSON.stringify({
      model: "m",
      messages: Array.from({ length: size / 40 }, () => ({ role: "tool", tool_call_id: "c1" })),
    }),
};

const small = 20_000;

describe("work grows with the input, not with its square", () => {
  let steps: StepCounter;
  beforeAll(async () => {
    steps = await createStepCounter();
  });
  afterAll(() => steps.close());

  it.each(Object.entries(hostile))("%s", async (_name, make) => {
    await call(test, openai, make(small));
    const once = await steps.count(() => call(test, openai, make(small)));
    const twice = await steps.count(() => call(test, openai, make(2 * small)));
    expect(once).toBeGreaterThan(2_000);
    expect(twice / once).toBeLessThan(2.5);
  });
});

/** Native searches are no steps; one that reads on to the end from every place would take minutes here. */
describe("two megabytes are read in one bite", () => {
  it.each(Object.entries(hostile))("%s", async (_name, make) => {
    expect((await call(test, openai, make(100 * small))).status).toBeGreaterThanOrEqual(200);
  });
});
