import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestGateway, says, type TestGateway } from "../../adapters/testing.ts";
import { type Canary, canaries, fateOf, send, showsIn } from "./canaries.ts";
import { type Position, positionsOf } from "./positions.ts";

const openai = "https://api.openai.com/v1/chat/completions";
const anthropic = "https://api.anthropic.com/v1/messages";
const messages = "@anthropic-ai/sdk/resources/messages";
const betaMessages = "@anthropic-ai/sdk/resources/beta/messages";
const wires = [
  {
    name: "an OpenAI chat",
    url: openai,
    module: "openai/resources/chat/completions",
    type: "ChatCompletionCreateParamsNonStreaming",
    least: 200,
  },
  {
    name: "an Anthropic message",
    url: anthropic,
    module: messages,
    type: "MessageCreateParamsNonStreaming",
    least: 900,
  },
  {
    name: "an Anthropic beta message",
    url: `${anthropic}?beta=true`,
    module: betaMessages,
    type: "MessageCreateParamsNonStreaming",
    least: 2_000,
  },
  {
    name: "an Anthropic count of tokens",
    url: `${anthropic}/count_tokens`,
    module: messages,
    type: "MessageCountTokensParams",
    least: 900,
  },
  {
    name: "an Anthropic beta count of tokens",
    url: `${anthropic}/count_tokens?beta=true`,
    module: betaMessages,
    type: "MessageCountTokensParams",
    least: 2_000,
  },
] as const;

/** What the providers take for identifiers, or have signed: text of a person has no business there, and no placeholder fits. */
const identifiers = new Set(
  `id name model voice container skill_id version inference_geo file_id tool_id tool_name toolset_name tool_use_id tool_call_id
  previous_message_id thinking signature data encrypted_content encrypted_index encrypted_stdout`.split(/\s+/),
);
const lastKey = (path: string): string => path.slice(path.lastIndexOf(".") + 1).replaceAll("[]", "");

const folder = mkdtempSync(join(tmpdir(), "postern-leak-"));
const list = join(folder, "customers.txt");
writeFileSync(list, `${canaries.record}\n`);

function isFree({ kind, path }: Position): boolean {
  // What the caller likes to say of a tool there has to name one.
  if (kind === "unknown") return !path.startsWith(".tool_choice.");
  return kind === "text" && !identifiers.has(lastKey(path));
}

let test: TestGateway;
let positions: readonly (readonly Position[])[];
beforeAll(() => {
  positions = positionsOf(wires);
  test = createTestGateway({ redaction: { lists: [{ name: "customer", file: list }] } });
  // The model repeats the whole request, so that every hidden value has to come back.
  test.answer((request, number) => says(request.body)(request, number));
}, 60_000);
afterAll(async () => {
  await test.close();
  rmSync(folder, { recursive: true });
});

const rotated = ["card", "iban", "record"] as const satisfies readonly Canary[];

describe.each(wires.map((wire, index) => ({ ...wire, index })))("every string position of $name", (wire) => {
  const { name, url, index, least } = wire;
  const streams = !url.includes("count_tokens");
  const bodyOf = (position: Position, value: string, turn: number): string =>
    JSON.stringify({ ...(position.body(value) as object), ...(streams && turn % 2 === 1 && { stream: true }) });

  it("is masked and restored, or refused: nothing personal leaves", async () => {
    const fates: Record<Position["kind"], { masked: number; refused: number }> = {
      text: { masked: 0, refused: 0 },
      literal: { masked: 0, refused: 0 },
      key: { masked: 0, refused: 0 },
      unknown: { masked: 0, refused: 0 },
    };
    const faults: string[] = [];
    for (const [turn, position] of (positions[index] ?? []).entries()) {
      const kinds = ["email", "secret", ...(streams ? [rotated[turn % 3] ?? "card"] : [])] as const;
      for (const [step, kind] of kinds.entries()) {
        const { fate, fault } = await fateOf(test, url, bodyOf(position, canaries[kind], turn + step), kind);
        if (fault !== undefined) faults.push(`${position.path} (${kind}): ${fault}`);
        if (kind === "secret") continue;
        fates[position.kind][fate]++;
        const free = isFree(position);
        if (free && fate === "refused") faults.push(`${position.path} (${kind}) is free text, but was refused`);
      }
    }
    process.stdout.write(`${name}: ${positions[index]?.length} positions, ${JSON.stringify(fates)}\n`);
    expect(faults).toEqual([]);
    expect(positions[index]?.length).toBeGreaterThan(least);
    expect(fates.text.masked).toBeGreaterThan(fates.text.refused);
    expect(fates.unknown.masked).toBeGreaterThan(5);
    expect(fates.literal.refused).toBeGreaterThan(0);
  }, 240_000);

  it("leaves byte for byte where there is nothing personal in it", async () => {
    const plain = createTestGateway();
    const faults: string[] = [];
    let same = 0;
    for (const [turn, position] of (positions[index] ?? []).entries()) {
      const text = bodyOf(position, "a quiet word", turn);
      const { sent, got } = await send(plain, url, text);
      const added =
        url === openai && text.endsWith(',"stream":true}') ? ',"stream_options":{"include_usage":true}}' : "}";
      if (sent?.body === text.slice(0, -1) + added) same++;
      else faults.push(`${position.path}: ${sent?.body ?? got}`);
    }
    await plain.close();
    expect(faults).toEqual([]);
    expect(same).toBeGreaterThan(least);
  }, 120_000);
});

it("a canary that leaves is seen, in whatever encoding", () => {
  const { email } = canaries;
  const seen = [
    email,
    email.toUpperCase(),
    encodeURIComponent(email),
    email.replace("@", "%2540"),
    email.replace("@", "\\u0040"),
    email.replace("@", "\\\\u0040"),
    ...[0, 1, 2].map((offset) => Buffer.from(`${"x".repeat(offset)}${email} and more`).toString("base64")),
    Buffer.from(email).toString("base64url"),
    Buffer.from(email).toString("hex"),
  ];
  expect(seen.filter((text) => !showsIn(`before ${text} after`, "email"))).toEqual([]);
  expect(showsIn("4111111111111111", "card")).toBe(true);
  expect(showsIn("DE89370400440532013000", "iban")).toBe(true);
  expect(showsIn("wilhelmina+okonkwo", "record")).toBe(true);
  expect(showsIn("nobody@example.com", "email")).toBe(false);
});
