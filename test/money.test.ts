import { createTestGateway, type Script } from "../adapters/testing.ts";
import { hashKey } from "../src/access/keys.ts";
import { dollar } from "../src/config/units.ts";
import { systemClock } from "../src/engine/clock.ts";
import { createMemoryStores } from "../src/stores/memory.ts";

const url = "https://api.openai.com/v1/chat/completions";
const used = { prompt_tokens: 40, completion_tokens: 300, total_tokens: 340 };

/** A model that declares nothing and uses 300 tokens of output. */
const uses300: Script = (request) => {
  const asked = JSON.parse(request.body) as { stream?: boolean };
  const head = { id: "c", created: 1, model: "gpt-4o" };
  const chunk = (fields: object): string =>
    `data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", ...fields })}\n\n`;
  if (asked.stream) {
    const words = Array.from({ length: 300 }, () =>
      chunk({ choices: [{ index: 0, delta: { content: "word" }, finish_reason: null }] }),
    );
    const end = [
      chunk({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }),
      chunk({ choices: [], usage: used }),
      "data: [DONE]\n\n",
    ];
    return { headers: { "content-type": "text/event-stream" }, pieces: [...words, ...end] };
  }
  const choices = [{ index: 0, message: { role: "assistant", content: "word ".repeat(300) }, finish_reason: "stop" }];
  return {
    headers: { "content-type": "application/json" },
    pieces: [JSON.stringify({ ...head, object: "chat.completion", choices, usage: used })],
  };
};

function start(stream: boolean) {
  const stores = createMemoryStores({ clock: systemClock }, { keep: 10 });
  const test = createTestGateway(
    {
      targets: { openai: { provider: "openai", apiKey: "sk-test" } },
      access: { keys: [{ id: "web", hash: hashKey("psk_web"), team: "search" }] },
      budgets: [{ scope: { team: "search" }, limit: "$1", window: "total" }],
    },
    { stores },
  );
  test.answer(uses300);
  const body = JSON.stringify({
    model: "gpt-4o",
    stream,
    max_tokens: 64_000,
    messages: [{ role: "user", content: "Tell me a long story." }],
  });
  const headers = { authorization: "Bearer psk_web", "content-type": "application/json" };
  const ask = async (): Promise<number> => {
    const answer = await test.fetch(url, { method: "POST", headers, body });
    const text = await answer.text();
    return text.includes("budget_exceeded") ? 402 : answer.status;
  };
  return { ...test, stores, ask };
}

describe.each([
  ["whole answers", false],
  ["streams", true],
])("twenty calls at once, each declaring 64,000 tokens and using 300, against $1: %s", (_name, stream) => {
  it("none is refused or cut, at least 90 % of the dollar can be spent, and not a pico-dollar more", async () => {
    const { ask, receipts, stores, close } = start(stream);
    const first = await Promise.all(Array.from({ length: 20 }, ask));
    expect(first).toEqual(Array.from({ length: 20 }, () => 200));
    let calls = 0;
    while ((await ask()) === 200 && calls < 1_000) calls++;
    // It ended because the money did.
    expect(calls).toBeLessThan(1_000);
    await Promise.all(Array.from({ length: 20 }, ask));
    const spent = receipts.reduce((sum, receipt) => sum + receipt.cost, 0n);
    expect(spent).toBeLessThanOrEqual(dollar);
    expect(spent).toBeGreaterThanOrEqual((dollar * 9n) / 10n);
    const [line] = await stores.counters.read(["team=search/total"]);
    expect(line).toMatchObject({ held: 0n, spent });
    await close();
  });
});

describe("an answer that tells of more than its own tokens", () => {
  const counts = (input: number, output: number) => ({ input_tokens: input, output_tokens: output });
  const answers = (fields: object): Script => {
    const head = { id: "msg_1", type: "message", role: "assistant", model: "claude-haiku-4-5" };
    const content = [{ type: "text", text: "Done." }];
    const body = JSON.stringify({ ...head, content, stop_reason: "end_turn", stop_sequence: null, ...fields });
    return () => ({ headers: { "content-type": "application/json" }, pieces: [body] });
  };

  const cost = async (script: Script, fields: object, unknown?: string) => {
    const stores = createMemoryStores({ clock: systemClock }, { keep: 10 });
    const test = createTestGateway(
      {
        targets: { anthropic: { provider: "anthropic", apiKey: "sk-test" } },
        access: { keys: [{ id: "web", hash: hashKey("psk_web") }] },
        budgets: [{ limit: "$1", window: "total", ...(unknown !== undefined && { unknown }) }],
      },
      { stores },
    );
    test.answer(script);
    const headers = { "x-api-key": "psk_web", "anthropic-version": "2023-06-01", "content-type": "application/json" };
    const messages = [{ role: "user", content: "Look it up." }];
    const body = JSON.stringify({ model: "claude-haiku-4-5", max_tokens: 1_000, messages, ...fields });
    const answer = await test.fetch("https://api.anthropic.com/v1/messages", { method: "POST", headers, body });
    await answer.text();
    await test.close();
    const [line] = await stores.counters.read(["everybody/total"]);
    const [receipt] = test.receipts;
    expect(line ?? { held: 0n, spent: 0n }).toMatchObject({ held: 0n, spent: receipt?.cost });
    return receipt?.code ?? answer.headers.get("x-postern-cost");
  };

  // $1 and $5 a million tokens of Haiku, $5 and $25 of Opus, a cent a search.
  const advisor = { tools: [{ type: "advisor_20260301", name: "advisor", model: "claude-opus-5" }] };
  const search = { tools: [{ type: "web_search_20250305", name: "web_search" }] };
  const fallback = { fallbacks: [{ model: "claude-opus-5" }] };
  const advised = [
    { type: "message", model: "claude-haiku-4-5", ...counts(1_000, 100) },
    { type: "advisor_message", model: "claude-opus-5", ...counts(1_000, 100) },
  ];
  const fellBack = [
    { type: "message", model: "claude-haiku-4-5", ...counts(1_000, 100) },
    { type: "fallback_message", model: "claude-opus-5", ...counts(1_000, 100) },
  ];

  it.each<readonly [what: string, fields: object, told: object, expected: string]>([
    ["an advisor", advisor, { usage: { ...counts(1_000, 100), iterations: advised } }, "$0.009000"],
    [
      "searches",
      search,
      { usage: { ...counts(1_000, 100), server_tool_use: { web_search_requests: 2 } } },
      "$0.021500",
    ],
    [
      "code that ran",
      search,
      { usage: { ...counts(1_000, 100), server_tool_use: { code_execution_requests: 1 } } },
      "unknown",
    ],
    [
      "a fallback and what the first model said",
      fallback,
      { model: "claude-opus-5", usage: { ...counts(1_000, 100), iterations: fellBack } },
      "$0.009000",
    ],
  ])("%s", async (_, fields, told, expected) => {
    expect(await cost(answers(told), fields, "$0.10")).toBe(expected);
    expect(await cost(answers(told), fields)).toBe("cost_unbounded");
  });
});
