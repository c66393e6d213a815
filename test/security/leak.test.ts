import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestGateway, says, type TestGateway } from "../../adapters/testing.ts";
import { type Canary, canaries, fateOf, send, showsIn } from "./canaries.ts";
import { bodyOf, expectMasked, isFree, noFates, positionsOfWires, streams, wires } from "./corpus.ts";
import type { Position } from "./positions.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-leak-"));
const list = join(folder, "customers.txt");
writeFileSync(list, `${canaries.record}\n`);

let test: TestGateway;
let positions: readonly (readonly Position[])[];
beforeAll(() => {
  positions = positionsOfWires();
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
  const { name, index, least } = wire;
  const url = `${wire.host}${wire.path}`;

  it("is masked and restored, or refused: nothing personal leaves", async () => {
    const fates = noFates();
    const faults: string[] = [];
    for (const [turn, position] of (positions[index] ?? []).entries()) {
      const kinds = ["email", "secret", ...(streams(wire) ? [rotated[turn % 3] ?? "card"] : [])] as const;
      for (const [step, kind] of kinds.entries()) {
        const { fate, fault } = await fateOf(test, url, bodyOf(wire, position, canaries[kind], turn + step), kind);
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
    expectMasked(fates);
  }, 240_000);

  it("leaves byte for byte where there is nothing personal in it", async () => {
    const plain = createTestGateway();
    const faults: string[] = [];
    let same = 0;
    for (const [turn, position] of (positions[index] ?? []).entries()) {
      const text = bodyOf(wire, position, "a quiet word", turn);
      const { sent, got } = await send(plain, url, text);
      const added =
        name === "an OpenAI chat" && text.endsWith(',"stream":true}')
          ? ',"stream_options":{"include_usage":true}}'
          : "}";
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
