import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { createTestGateway, says, type TestGateway } from "../../adapters/testing.ts";
import { anthropicMessages } from "../../src/dialects/anthropic-messages.ts";
import { openaiChat } from "../../src/dialects/openai-chat.ts";
import { type Canary, canaries, fateOf, saidIn, send, showsIn } from "./canaries.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-leak-"));
const list = join(folder, "customers.txt");
writeFileSync(list, `${canaries.record}\n`);

let test: TestGateway;
beforeAll(() => {
  test = createTestGateway({ redaction: { lists: [{ name: "customer", file: list }] } });
  test.answer((request, number) => says(request.body)(request, number));
});
afterAll(async () => {
  await test.close();
  rmSync(folder, { recursive: true });
});

const wires = [
  { name: "openai", url: "https://api.openai.com/v1/chat/completions", dialect: openaiChat, version: {} },
  { name: "anthropic", url: "https://api.anthropic.com/v1/messages", dialect: anthropicMessages, version: {} },
] as const;
const kinds = Object.keys(canaries) as Canary[];
const personal = kinds.filter((kind) => kind !== "secret");
const chat = (fields: object = {}): string =>
  JSON.stringify({ model: "m", max_tokens: 9, messages: [{ role: "user", content: "hello" }], ...fields });

describe.each(wires)("random JSON under unknown keys of $name", ({ url }) => {
  const json = (leaf: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
    fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        leaf,
        fc.string({ maxLength: 5 }),
        fc.double({ noNaN: true }),
        fc.constantFrom<unknown>(null, true, 2 ** 40, -0.5),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(fc.oneof(fc.constant("__proto__"), fc.string({ maxLength: 5 })), tie("value"), { maxKeys: 3 }),
      ),
    })).value as fc.Arbitrary<unknown>;

  it("is masked wherever the value stands, and the rest is as it came", async () => {
    let masked = 0;
    const around = fc.constantFrom("", " ", "see: ", "(", '"', "\n", "é ", "\u{1f600} ");
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...personal),
        fc.boolean(),
        around,
        json(fc.constant("canary")),
        async (kind, stream, before, novel) => {
          const text = chat({ novel, stream, canary: "canary" });
          const body = text.replaceAll('"canary"', (found, at: number) =>
            text[at + found.length] === ":" ? found : JSON.stringify(`${before}${canaries[kind]}.`),
          );
          expect(await fateOf(test, url, body, kind)).toEqual({ fate: "masked", fault: undefined });
          masked++;
        },
      ),
      { numRuns: 300 },
    );
    expect(masked).toBeGreaterThan(299);
  });

  it("is refused where a key holds it, or where it is a secret", async () => {
    const deep = (value: unknown, way: readonly (string | number)[]): unknown =>
      way.reduceRight<unknown>((inner, step) => (typeof step === "number" ? [step, inner] : { [step]: inner }), value);
    const ways = fc.array(fc.oneof(fc.nat(3), fc.string({ maxLength: 4 })), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...kinds), ways, fc.boolean(), async (kind, way, stream) => {
        const keyed = { [`of ${canaries[kind]}`]: 1 };
        expect(await fateOf(test, url, chat({ novel: deep(keyed, way), stream }), kind)).toEqual({
          fate: "refused",
          fault: undefined,
        });
        const secret = chat({ novel: deep(`my ${canaries.secret}!`, way), stream });
        expect(await fateOf(test, url, secret, "secret")).toEqual({ fate: "refused", fault: undefined });
      }),
      { numRuns: 150 },
    );
  });
});

describe("a value behind escapes", () => {
  const every = (text: string): string =>
    [...text].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");

  it.each(personal)("in a text: %s", async (kind) => {
    const body = chat({ novel: "CANARY" }).replace("CANARY", every(canaries[kind]));
    const { status, left } = await send(test, wires[0].url, body);
    expect(status).toBe(200);
    expect(showsIn(left, kind)).toBe(false);
  });

  it.each(personal)("in a key: %s", async (kind) => {
    const body = chat({ novel: { CANARY: 1 } }).replace("CANARY", every(canaries[kind]));
    expect(await fateOf(test, wires[0].url, body, kind)).toEqual({ fate: "refused", fault: undefined });
  });

  /** Arguments are JSON in a string: as they are, with escapes of their own, as JSON in JSON in JSON, and broken. */
  const shapes: Readonly<Record<string, (value: string) => string>> = {
    plain: (value) => JSON.stringify({ to: value, note: `line\n"${value}"` }),
    escaped: (value) => `{"to":"${every(value)}"}`,
    "escaped at signs": (value) => JSON.stringify({ to: value }).replaceAll("@", "\\u0040"),
    nested: (value) => JSON.stringify({ payload: JSON.stringify({ inner: JSON.stringify([value]) }) }),
    "nested and escaped": (value) => JSON.stringify({ payload: `{"to":"${every(value)}"}` }),
    broken: (value) => `{"to":"${value}", "note":`,
    "broken and escaped": (value) => `{"to":"${every(value)}", "note":`,
    "no object": (value) => JSON.stringify(value),
  };
  const cases = Object.keys(shapes).flatMap((shape) => personal.map((kind) => [shape, kind] as const));
  it.each(cases)("in arguments of a tool call, %s: %s", async (shape, kind) => {
    const args = shapes[shape]?.(canaries[kind]) ?? "";
    const call = { id: "call_1", type: "function", function: { name: "mail", arguments: args } };
    const body = chat({ messages: [{ role: "assistant", tool_calls: [call] }] });
    const { status, left, got } = await send(test, wires[0].url, body);
    expect(status).toBe(200);
    expect(showsIn(left, kind)).toBe(false);
    expect(left).toMatch(/\[[A-Z_]+_1\]/);
    expect(showsIn(saidIn(got), kind)).toBe(true);
  });

  it("in a key of arguments is refused", async () => {
    const call = { id: "c", type: "function", function: { name: "f", arguments: `{"${every(canaries.email)}":1}` } };
    const body = chat({ messages: [{ role: "assistant", tool_calls: [call] }] });
    expect(await fateOf(test, wires[0].url, body, "email")).toEqual({ fate: "refused", fault: undefined });
  });
});

describe.each(wires)("beside the body of $name", ({ name, url, dialect }) => {
  const origin = new URL(url).origin;
  const cases = kinds.map((kind) => [kind] as const);

  it.each(cases)("every header that passes is refused with it: %s", async (kind) => {
    const value = canaries[kind];
    expect(dialect.requestHeaders.size).toBeGreaterThan(2);
    for (const header of dialect.requestHeaders) {
      const fate = await fateOf(test, url, chat(), kind, { [header]: `a ${value}, b` });
      expect([header, fate]).toEqual([header, { fate: "refused", fault: undefined }]);
    }
  });

  it.each(cases)("every other header stays here: %s", async (kind) => {
    const names =
      "cookie user-agent referer origin from forwarded x-forwarded-for x-real-ip x-note baggage tracestate x-stainless-lang accept-language x-goog-api-key x-postern-note";
    const headers = Object.fromEntries(names.split(" ").map((header) => [header, canaries[kind]]));
    const { status, left, got } = await send(test, url, chat(), headers);
    expect([status, showsIn(left, kind), showsIn(got, kind)]).toEqual([200, false, false]);
  });

  it.each(cases)("an attribution header is refused with it: %s", async (kind) => {
    for (const attribute of ["team", "project", "feature", "customer"]) {
      const fate = await fateOf(test, url, chat(), kind, { [`x-postern-${attribute}`]: canaries[kind] });
      expect([attribute, fate]).toEqual([attribute, { fate: "refused", fault: undefined }]);
    }
  });

  it.each(cases)("a query is refused with it, as key or value, however encoded: %s", async (kind) => {
    const whole = [...canaries[kind]].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join("");
    const once = encodeURIComponent(canaries[kind]);
    for (const text of [
      once,
      once.replaceAll("%20", "+"),
      whole,
      encodeURIComponent(once),
      encodeURIComponent(whole),
    ]) {
      for (const query of [
        `beta=${text}`,
        `key=${text}`,
        `after_id=${text}`,
        `note=${text}`,
        text,
        `${text}=1`,
        `a=1&=${text}`,
      ]) {
        const fate = await fateOf(test, `${url}?${query}`, chat(), kind);
        expect([query, fate]).toEqual([query, { fate: "refused", fault: undefined }]);
      }
    }
  });

  it.each(cases)("a model is refused with it, in the body and in the path: %s", async (kind) => {
    expect(await fateOf(test, url, chat({ model: canaries[kind] }), kind)).toEqual({
      fate: "refused",
      fault: undefined,
    });
    expect(await fateOf(test, url, chat({ model: `ft:${canaries[kind]}` }), kind)).toMatchObject({ fault: undefined });
    const once = encodeURIComponent(canaries[kind]);
    for (const text of [once, encodeURIComponent(once), `org%2F${once}`, `${once}?limit=5`, `${once}%2Fx`]) {
      const headers = name === "openai" ? { "anthropic-version": "" } : {};
      const { status, got, left } = await send(test, `${origin}/v1/models/${text}`, undefined, headers);
      expect([text, left, status, showsIn(got, kind)]).toEqual([text, "", 400, false]);
      expect(JSON.parse(got).error.code).toBe(kind === "secret" ? "secret_blocked" : "unmaskable");
    }
  });
});
