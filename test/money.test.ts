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
