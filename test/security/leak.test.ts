import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { createTestGateway, says, type TestGateway } from "../../adapters/testing.ts";
import { type Position, positionsOf } from "./positions.ts";

const listFile = join(tmpdir(), `postern-leak-${process.pid}.txt`);
writeFileSync(listFile, "Wilhelmina Okonkwo\n");

const canaries = {
  email: "canary.seven@leak.example.com",
  secret: `ghp_${"x7Kq2mW9".repeat(4)}Zt4B`,
  card: "4111 1111 1111 1111",
  iban: "DE89 3704 0044 0532 0130 00",
  record: "Wilhelmina Okonkwo",
};
const rotated = ["card", "iban", "record"] as const;
const refusals = new Set(["unmaskable", "secret_blocked", "invalid_request", "model_not_found"]);

const wires = [
  {
    name: "openai",
    url: "https://api.openai.com/v1/chat/completions",
    module: "openai/resources/chat/completions",
    type: "ChatCompletionCreateParamsNonStreaming",
  },
  {
    name: "anthropic",
    url: "https://api.anthropic.com/v1/messages",
    module: "@anthropic-ai/sdk/resources/messages",
    type: "MessageCreateParamsNonStreaming",
  },
  {
    name: "anthropic beta",
    url: "https://api.anthropic.com/v1/messages?beta=true",
    module: "@anthropic-ai/sdk/resources/beta/messages",
    type: "MessageCreateParamsNonStreaming",
  },
] as const;

let test: TestGateway;
beforeAll(async () => {
  test = createTestGateway({ redaction: { lists: [{ name: "customer", file: listFile }] } });
  await test.gateway.ready;
  // The model repeats the whole request, so that every hidden value has to come back.
  test.answer((request, number) => says(request.body)(request, number));
});
afterAll(() => test.close());

const headers = {
  authorization: "Bearer sk-own",
  "anthropic-version": "2023-06-01",
  "content-type": "application/json",
};

async function send(url: string, body: unknown, extra: Record<string, string> = {}) {
  const before = test.requests.length;
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const answer = await test.fetch(url, { method: "POST", headers: { ...headers, ...extra }, body: text });
  const got = await answer.text();
  const sent = test.requests[before];
  const left =
    sent && `${sent.url}\n${JSON.stringify({ ...sent.headers, authorization: "", "x-api-key": "" })}\n${sent.body}`;
  return { status: answer.status, got, sent, left, text };
}

/** As it stands, percent-encoded, in base64, and with its letters escaped. */
const shapes = (canary: string): readonly string[] => [
  canary,
  encodeURIComponent(canary),
  Buffer.from(canary).toString("base64").replace(/=+$/, ""),
  canary.replace(/@/g, "\\u0040"),
];

function codeOf(text: string): string {
  const { error } = JSON.parse(text) as { error: { code: string } };
  return error.code;
}

type Fate = "masked" | "refused";

async function fateOf(url: string, body: unknown, canary: string, extra?: Record<string, string>): Promise<Fate> {
  const { status, got, left } = await send(url, body, extra);
  for (const shape of shapes(canary)) expect(left ?? "").not.toContain(shape);
  if (status === 200) {
    expect(left).toBeDefined();
    if (canary !== canaries.secret) expect(got).toContain(canary);
    return "masked";
  }
  expect(left).toBeUndefined();
  expect(refusals).toContain(codeOf(got));
  for (const shape of shapes(canary)) expect(got).not.toContain(shape);
  return "refused";
}

describe.each(wires)("every string position of $name's published request", ({ name, url, module, type }) => {
  let positions: readonly Position[];
  beforeAll(() => {
    positions = positionsOf(module, type);
  }, 60_000);

  it("holds nothing personal when it leaves: masked and restored, or refused", async () => {
    const fates = {
      text: { masked: 0, refused: 0 },
      literal: { masked: 0, refused: 0 },
      key: { masked: 0, refused: 0 },
      unknown: { masked: 0, refused: 0 },
    };
    for (const [index, position] of positions.entries()) {
      const kinds = ["email", rotated[index % rotated.length] ?? "card"] as const;
      for (const kind of kinds)
        fates[position.kind][await fateOf(url, position.body(canaries[kind]), canaries[kind])]++;
      expect(await fateOf(url, position.body(canaries.secret), canaries.secret)).toBe("refused");
    }
    process.stdout.write(`${name}: ${positions.length} positions, ${JSON.stringify(fates)}\n`);
    expect(positions.length).toBeGreaterThan(100);
    expect(fates.text.masked / (fates.text.masked + fates.text.refused)).toBeGreaterThan(0.6);
    expect(fates.unknown.masked).toBeGreaterThan(10);
    expect(fates.literal.refused).toBeGreaterThan(0);
  }, 120_000);

  it("leaves byte for byte when there is nothing personal in it", async () => {
    let same = 0;
    for (const { body, path } of positions) {
      const { sent, text, got } = await send(url, body("a quiet word"));
      if (sent === undefined) expect([path, codeOf(got)]).toEqual([path, "invalid_request"]);
      else expect(sent.body).toBe(text);
      if (sent !== undefined) same++;
    }
    expect(same / positions.length).toBeGreaterThan(0.9);
  }, 120_000);
});

describe("beyond what is published", () => {
  const openai = wires[0].url;

  it("random JSON under unknown keys, keys themselves included", async () => {
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constant("canary"),
        fc.string({ maxLength: 5 }),
        fc.integer(),
        fc.boolean(),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(fc.string({ maxLength: 5 }), tie("value"), { maxKeys: 3 }),
      ),
    })).value;
    let masked = 0;
    await fc.assert(
      fc.asyncProperty(json, fc.constantFrom("email", "iban", "record"), fc.boolean(), async (value, kind, asKey) => {
        const canary = canaries[kind];
        const text = JSON.stringify({
          model: "gpt-5-mini",
          messages: [{ role: "user", content: "canary" }],
          novel: value,
        });
        const planted = text.replaceAll('"canary"', JSON.stringify(`see ${canary}!`));
        const body = asKey ? planted.replace('"novel"', JSON.stringify(`novel ${canary}`)) : planted;
        const fate = await fateOf(openai, body, canary);
        if (asKey) expect(fate).toBe("refused");
        else masked += fate === "masked" ? 1 : 0;
      }),
      { numRuns: 400 },
    );
    expect(masked).toBeGreaterThan(100);
  });

  it("tool-call arguments, escaped twice", async () => {
    const args = JSON.stringify({ to: canaries.email, note: `line\n${canaries.iban}` }).replaceAll("@", "\\u0040");
    const call = { id: "call_1", type: "function", function: { name: "mail", arguments: args } };
    const body = {
      model: "gpt-5-mini",
      messages: [
        { role: "assistant", tool_calls: [call] },
        { role: "user", content: "go on" },
      ],
    };
    const { left, status } = await send(openai, body);
    expect(status).toBe(200);
    for (const canary of [canaries.email, canaries.iban])
      for (const shape of shapes(canary)) expect(left).not.toContain(shape);
    expect(left).toContain("[EMAIL_1]");
    expect(left).toContain("[IBAN_1]");
  });

  it.each([
    ["a header that passes", openai, { "openai-organization": canaries.email }],
    ["a beta header", wires[1].url, { "anthropic-beta": canaries.email }],
    ["a query value", `${wires[1].url}?beta=${encodeURIComponent(canaries.email)}`, {}],
    ["an unknown query value", `${openai}?note=${encodeURIComponent(canaries.iban).replaceAll("%20", "+")}`, {}],
    ["an attribution header", openai, { "x-postern-customer": canaries.email }],
    ["a header that does not pass", openai, { "x-note": canaries.email }],
    ["a cookie", openai, { cookie: `session=${canaries.email}` }],
  ])("%s", async (_name, url, extra) => {
    const canary = JSON.stringify([url, extra]).includes("leak") ? canaries.email : canaries.iban;
    const { left, got } = await send(
      url,
      { model: "gpt-5-mini", max_tokens: 9, messages: [{ role: "user", content: "hello" }] },
      extra,
    );
    for (const shape of shapes(canary)) expect(`${left}${got}`).not.toContain(shape);
  });
});
