import { createTestGateway, says } from "../../adapters/testing.ts";
import { hashKey } from "../../src/access/keys.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { toDollars } from "../../src/dollars.ts";
import { systemClock } from "../../src/engine/clock.ts";
import { createMemoryStores } from "../../src/stores/memory.ts";

const text = "word ".repeat(40);
type Targets = ConfigInput["targets"];
const openai = { provider: "openai", apiKey: "sk-operator", baseUrl: "https://api.openai.com/v1" } as const;
const anthropic = { ...openai, provider: "anthropic", baseUrl: "https://api.anthropic.com/v1" } as const;
/** A server that refuses to be asked for its usage. */
const mute: Targets = { openai: { ...openai, streamUsage: false } };

/** Both callers, aliases for targets of either wire, and a dollar. */
function start(targets: Targets = {}) {
  const stores = createMemoryStores({ clock: systemClock }, { keep: 10 });
  const test = createTestGateway(
    {
      targets: { openai, anthropic, ...targets },
      models: {
        plain: { targets: [{ target: "openai", model: "gpt-4.1" }] },
        thinking: { targets: [{ target: "openai", model: "gpt-5-mini" }] },
        claude: { targets: [{ target: "anthropic", model: "claude-haiku-4-5" }] },
      },
      access: { keys: [{ id: "web", hash: hashKey("psk_web") }] },
      budgets: [{ limit: "$1", window: "total" }],
    },
    { stores },
  );
  test.answer(says(text));
  const headers = { authorization: "Bearer psk_web", "content-type": "application/json" };
  const post = async (path: string, fields: object) => {
    const body = JSON.stringify({ messages: [{ role: "user", content: "Tell me a story." }], ...fields });
    const answer = await test.fetch(`https://api.openai.com${path}`, {
      method: "POST",
      headers: path.includes("/messages") ? { ...headers, "anthropic-version": "2023-06-01" } : headers,
      body,
    });
    return { status: answer.status, headers: answer.headers, text: await answer.text(), size: body.length };
  };
  /** The only call is over: its receipt, what left for the provider, and that the account says the same. */
  const end = async () => {
    await test.close();
    const [receipt] = test.receipts;
    if (receipt === undefined) throw new Error("no call has ended");
    const [line] = await stores.counters.read(["everybody/total"]);
    expect(line).toMatchObject({ held: 0n, spent: receipt.cost });
    return { receipt, sent: test.requests.map(({ body }) => JSON.parse(body) as Record<string, unknown>) };
  };
  return {
    chat: (fields: object) => post("/v1/chat/completions", fields),
    messages: (fields: object) => post("/v1/messages", { max_tokens: 1_000, ...fields }),
    count: (fields: object) => post("/v1/messages/count_tokens", fields),
    end,
  };
}

/** 12 tokens in and 50 out, as the model tells. */
const told = { haiku: "$0.000262", gpt: "$0.000424" };

describe("a stream from another wire", () => {
  it("tells the gateway what it used, and a chat that did not ask nothing of it", async () => {
    const { chat, end } = start();
    const got = await chat({ model: "claude", stream: true });
    expect(got.text).toContain('"finish_reason":"stop"');
    expect(got.text).not.toContain('"usage":{');
    const { receipt } = await end();
    expect(receipt.usage).toMatchObject({ input: 12, output: 50, final: true });
    expect(toDollars(receipt.cost)).toBe(told.haiku);
  });

  it("tells it to a chat that asked", async () => {
    const { chat, end } = start();
    const got = await chat({ model: "claude", stream: true, stream_options: { include_usage: true } });
    expect(got.text).toContain('"completion_tokens":50');
    expect(toDollars((await end()).receipt.cost)).toBe(told.haiku);
  });

  it("is asked for it on behalf of a wire that always tells", async () => {
    const { messages, end } = start();
    const got = await messages({ model: "plain", stream: true });
    expect(got.text).toContain('"output_tokens":50');
    const { receipt, sent } = await end();
    expect(sent[0]?.stream_options).toEqual({ include_usage: true });
    expect(toDollars(receipt.cost)).toBe(told.gpt);
  });
});

describe("a server that does not tell what a stream used", () => {
  it.each(["chat", "messages"] as const)("is never asked, and is paid by what flowed at least: %s", async (wire) => {
    const scene = start(mute);
    const asked = { model: "plain", stream: true, max_tokens: 1_000 };
    const got = await scene[wire](wire === "chat" ? { ...asked, stream_options: { include_usage: true } } : asked);
    expect(got.text).toMatch(/"finish_reason":"stop"|"stop_reason":"end_turn"/);
    const { receipt, sent } = await scene.end();
    expect(sent[0]).not.toHaveProperty("stream_options");
    expect(receipt.usage.final).toBe(false);
    const flowed = receipt.attempts[0]?.flowed ?? 0;
    expect(flowed).toBeGreaterThanOrEqual(text.length);
    // $2 and $8 a million tokens, 1.75 times that where it is fast.
    const least = (((BigInt(got.size) + 512n) * 2n + BigInt(flowed) * 8n) * 1_000_000n * 7n) / 4n;
    expect(receipt.cost).toBe(least);
  });

  it.each(["chat", "messages"] as const)("costs all that was reserved where the model thinks: %s", async (wire) => {
    const scene = start(mute);
    const got = await scene[wire]({ model: "thinking", stream: true, max_tokens: 1_000 });
    const { receipt } = await scene.end();
    expect(receipt.usage.final).toBe(false);
    // $0.25 and $2 a million tokens, 1.8 times that where it is fast.
    const most = ((BigInt(got.size) + 512n) * 250_000n + 1_000n * 2_000_000n) * 9n;
    expect(receipt.cost).toBe((most + 4n) / 5n);
  });

  it("tells whole answers' usage", async () => {
    const { messages, end } = start(mute);
    await messages({ model: "plain" });
    expect(toDollars((await end()).receipt.cost)).toBe(told.gpt);
  });
});

describe("a clamp", () => {
  it("limits what is asked of another wire, by that wire's name", async () => {
    const { messages, end } = start();
    const got = await messages({ model: "plain", max_tokens: 64_000 });
    const { sent } = await end();
    const clamp = Number(got.headers.get("x-postern-max-tokens"));
    expect(clamp).toBeGreaterThan(1_000);
    expect(clamp).toBeLessThan(64_000);
    expect(sent[0]?.max_completion_tokens).toBe(clamp);
  });

  it("stands where the caller set no limit and that wire needs one", async () => {
    const { chat, end } = start();
    const got = await chat({ model: "claude" });
    const { sent } = await end();
    expect(sent[0]?.max_tokens).toBe(4_096);
    expect(got.headers.get("x-postern-max-tokens")).toBe("4096");
  });
});

it("counting tokens is not translated, reserved or charged", async () => {
  const { count, end } = start();
  expect((await count({ model: "plain" })).status).toBeGreaterThanOrEqual(400);
  const { receipt, sent } = await end();
  expect(sent).toEqual([]);
  expect(receipt.cost).toBe(0n);
});
