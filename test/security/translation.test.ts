import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestGateway, says, type TestGateway } from "../../adapters/testing.ts";
import { hashKey } from "../../src/index.ts";
import { type Canary, canaries, saidIn, showsIn } from "./canaries.ts";
import { type Position, positionsOf } from "./positions.ts";

const messages = "@anthropic-ai/sdk/resources/messages";
const wires = [
  {
    name: "an OpenAI chat",
    url: "https://api.openai.com/v1/chat/completions",
    module: "openai/resources/chat/completions",
    least: 200,
  },
  { name: "an Anthropic message", url: "https://api.anthropic.com/v1/messages", module: messages, least: 900 },
  {
    name: "an Anthropic beta message",
    url: "https://api.anthropic.com/v1/messages?beta=true",
    module: messages.replace("resources/", "resources/beta/"),
    least: 2_000,
  },
] as const;
const typeOf = (module: string): string =>
  module.startsWith("openai") ? "ChatCompletionCreateParamsNonStreaming" : "MessageCreateParamsNonStreaming";

const folder = mkdtempSync(join(tmpdir(), "postern-leak-"));
const list = join(folder, "customers.txt");
writeFileSync(list, `${canaries.record}\n`);

let test: TestGateway;
let positions: readonly (readonly Position[])[];
beforeAll(async () => {
  positions = positionsOf(wires.map(({ module }) => ({ module, type: typeOf(module) })));
  test = createTestGateway({
    targets: { gpt: { provider: "openai", apiKey: "sk-operator" }, claude: { provider: "anthropic", apiKey: "sk-op" } },
    models: {
      "to-claude": { targets: [{ target: "claude", model: "claude-opus-5" }] },
      "to-gpt": { targets: [{ target: "gpt", model: "gpt-5.2" }] },
    },
    access: { keys: [{ id: "own", hash: hashKey("sk-own") }] },
    redaction: { lists: [{ name: "customer", file: list }] },
  });
  // The model repeats the whole request, so that every hidden value that has left has to come back.
  test.answer((request, number) => says(request.body)(request, number));
}, 60_000);
afterAll(async () => {
  await test.close();
  rmSync(folder, { recursive: true });
});

/** Why a call with a value in a place where none fits never leaves; `target_unfit` says that the other wire has no form for it. */
const documented = new Set("unmaskable secret_blocked invalid_request model_not_found target_unfit".split(" "));
/** What only says of what kind its neighbours are, which they tell themselves. */
const isTag = (path: string): boolean =>
  /^\.(?:tool_choice\.type|messages\[\]\.tool_calls\[\]\.type|.*\.prompt_cache_breakpoint\.mode)$/.test(path);
const rotated = ["card", "iban", "record"] as const satisfies readonly Canary[];

interface Crossing {
  readonly status: number;
  readonly got: string;
  readonly losses: string;
  /** Of the one request that left. */
  readonly body: string | undefined;
  readonly left: string;
}

async function cross(url: string, body: string): Promise<Crossing> {
  const before = test.requests.length;
  const headers = { authorization: "Bearer sk-own", "content-type": "application/json" };
  const answer = await test.fetch(url, { method: "POST", headers, body });
  const got = await answer.text();
  const [sent, more] = test.requests.slice(before);
  if (more !== undefined) throw new Error("it left twice");
  const losses = answer.headers.get("x-postern-losses") ?? "";
  const left = sent === undefined ? "" : `${sent.url}\n${JSON.stringify(sent.headers)}\n${sent.body}`;
  return { status: answer.status, got, losses, body: sent?.body, left };
}

/** Do losses name the position itself, or something that it stands in? */
const isNamed = (path: string, losses: string): boolean =>
  losses.split(", ").some((loss) => {
    const place = `.${loss.replace(/:\w+$/, "").replaceAll(/\[\d+\]/g, "[]")}`;
    return (
      path === place || path.startsWith(`${place}.`) || path.startsWith(`${place}[`) || path.startsWith(`${place}{`)
    );
  });

describe.each(wires.map((wire, index) => ({ ...wire, index })))(
  "every string position of $name, translated",
  (wire) => {
    const { name, url, index, least } = wire;
    const model = wire.module.startsWith("openai") ? "to-claude" : "to-gpt";
    const foreign = wire.module.startsWith("openai") ? "/v1/messages" : "/v1/chat/completions";
    const bodyOf = ({ path, body }: Position, value: string, stream: boolean): string =>
      JSON.stringify({
        ...(body(value) as object),
        ...(path !== ".model" && { model }),
        ...(stream && { stream: true }),
      });

    const faultOf = async (position: Position, kind: Canary, stream: boolean, fates: Record<string, number>) => {
      const count = (fate: string) => {
        fates[fate] = (fates[fate] ?? 0) + 1;
      };
      const { status, got, losses, body, left } = await cross(url, bodyOf(position, canaries[kind], stream));
      if (showsIn(left, kind)) return "it left";
      if (showsIn(losses, kind)) return "the losses quote it";
      if (status !== 200) {
        const { code } = (JSON.parse(got) as { error: { code: string } }).error;
        count(code);
        if (body !== undefined) return "it was sent and refused";
        if (showsIn(got, kind)) return "the refusal quotes it";
        return documented.has(code) ? undefined : `refused with ${status} ${code}`;
      }
      if (body === undefined || !left.includes(foreign)) return "it did not cross";
      if (kind === "secret") return "a secret was not refused";
      const said = saidIn(got);
      const restored = body.replaceAll(/\[[A-Z_]+_1\]/g, canaries[kind]);
      if (said !== restored) return `it came back as ${said}`;
      count(restored === body ? "lost" : "masked");
      return restored !== body || isNamed(position.path, losses) ? undefined : `it was lost, and named was: ${losses}`;
    };

    it("is masked and restored, lost by name, or refused: nothing personal leaves", async () => {
      const fates: Record<string, number> = {};
      const faults: string[] = [];
      for (const [turn, position] of (positions[index] ?? []).entries()) {
        for (const [step, kind] of (["email", "secret", rotated[turn % 3] ?? "card"] as const).entries()) {
          const fault = await faultOf(position, kind, (turn + step) % 2 === 1, fates);
          if (fault !== undefined) faults.push(`${position.path} (${position.kind}, ${kind}): ${fault}`);
        }
      }
      process.stdout.write(`${name}, translated: ${positions[index]?.length} positions, ${JSON.stringify(fates)}\n`);
      expect(faults).toEqual([]);
      expect(positions[index]?.length).toBeGreaterThan(least);
      for (const fate of ["masked", "lost", "secret_blocked", "target_unfit"]) expect(fates[fate]).toBeGreaterThan(10);
    }, 240_000);

    it("arrives, is lost by name, or keeps the call here, where there is nothing personal in it", async () => {
      const fates = { arrived: 0, lost: 0, kept: 0 };
      const faults: string[] = [];
      for (const position of positions[index] ?? []) {
        const { status, got, losses, body } = await cross(url, bodyOf(position, "quietword", false));
        if (status !== 200) {
          const { code } = (JSON.parse(got) as { error: { code: string } }).error;
          fates.kept++;
          if (body !== undefined || !documented.has(code)) faults.push(`${position.path}: ${code}`);
        } else if (body?.includes("quietword")) fates.arrived++;
        else if (isNamed(position.path, losses) || isTag(position.path)) fates.lost++;
        else faults.push(`${position.path} (${position.kind}) was lost, and named was: ${losses}`);
      }
      process.stdout.write(`${name}, translated, nothing personal: ${JSON.stringify(fates)}\n`);
      expect(faults).toEqual([]);
      for (const fate of Object.values(fates)) expect(fate).toBeGreaterThan(10);
    }, 120_000);
  },
);
