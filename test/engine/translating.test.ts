import { createTestGateway, says } from "../../adapters/testing.ts";
import { hashKey } from "../../src/index.ts";
import type { AttemptContext } from "../../src/step.ts";

const headers = { authorization: "Bearer psk_web", "content-type": "application/json" };

describe("a request that another wire cannot read", () => {
  const start = (...order: readonly string[]) => {
    const test = createTestGateway({
      targets: {
        gpt: { provider: "openai", apiKey: "sk-operator", baseUrl: "https://gpt.test/v1" },
        claude: { provider: "anthropic", apiKey: "sk-operator", baseUrl: "https://claude.test/v1" },
      },
      models: { fast: { targets: order.map((target) => ({ target, model: `model-of-${target}` })) } },
      access: { keys: [{ id: "web", hash: hashKey("psk_web") }] },
    });
    test.answer(says("Hello."));
    const ask = async (fields: object) => {
      const body = JSON.stringify({ model: "fast", ...fields });
      const answer = await test.fetch("https://api.openai.com/v1/chat/completions", { method: "POST", headers, body });
      return { status: answer.status, retry: answer.headers.get("x-should-retry"), text: await answer.text() };
    };
    return { test, ask };
  };
  const strange = { messages: [{ role: "critic", content: "Private words." }] };

  /** Red when the first target that cannot read it ends the call. */
  it("is answered by the next target, which speaks the caller's own", async () => {
    const { test, ask } = start("claude", "gpt");
    expect((await ask(strange)).status).toBe(200);
    expect(test.requests.map(({ url }) => new URL(url).pathname)).toEqual(["/v1/chat/completions"]);
    await test.close();
    expect(test.receipts[0]?.attempts).toMatchObject([
      { target: "claude", result: "vetoed", reason: "untranslatable_request", losses: ["messages[0].role"] },
      { target: "gpt", result: "answered" },
    ]);
  });

  it("is an invalid one where no target is left", async () => {
    const { test, ask } = start("claude");
    const { status, retry, text } = await ask(strange);
    expect([status, retry]).toEqual([400, "false"]);
    expect(JSON.parse(text).error).toMatchObject({ code: "invalid_request", param: "messages[0].role" });
    expect(text).not.toContain("Private");
    expect(test.requests).toEqual([]);
    await test.close();
  });

  it("stays an outage where the target that could read it is down", async () => {
    const { test, ask } = start("claude", "gpt");
    test.answer(() => ({ status: 503, pieces: ["{}"] }));
    expect((await ask(strange)).status).toBe(503);
    await test.close();
  });
});

describe("an attempt that is translated", () => {
  const chat = (fields: object = {}) => ["/v1/chat/completions", fields] as const;
  const message = (fields: object = {}) => ["/v1/messages", { max_tokens: 20_000, ...fields }] as const;
  const thinking = { type: "enabled", budget_tokens: 10_000 };

  /**
   * Red when the caller's wire is asked, or the alias's name: then too little is reserved for a model whose thinking does not flow, or all
   * is charged for one that cannot think.
   */
  it.each([
    ["gpt-5-mini", message(), true],
    ["gpt-5-mini", message({ thinking }), true],
    ["gpt-5.1", message({ thinking: { type: "disabled" } }), false],
    ["gpt-4.1", message(), false],
    ["gpt-4.1", message({ thinking }), false],
    ["llama-4", message(), false],
    [undefined, message(), false],
    ["claude-opus-5", chat(), true],
    ["claude-opus-5", chat({ reasoning_effort: "none" }), false],
    ["claude-haiku-4-5", chat(), false],
    ["claude-opus-4-6", chat({ reasoning_effort: "high" }), true],
    [undefined, chat(), true],
  ] as const)("of %s reasons as the target's wire has it: %j %j", async (model, [path, fields], reasons) => {
    const asked: { reasons: boolean; thinkingBudget: number | undefined }[] = [];
    const spy = { name: "spy", open: () => ({ attempt: (attempt: AttemptContext) => void asked.push(attempt.asked) }) };
    const messages = path === "/v1/messages";
    const target = messages ? "gpt" : "claude";
    const test = createTestGateway(
      {
        targets: {
          gpt: { provider: "openai", apiKey: "sk-operator" },
          claude: { provider: "anthropic", apiKey: "sk-operator" },
        },
        models: { quick: { targets: [{ target, ...(model !== undefined && { model }) }] } },
        access: { keys: [{ id: "web", hash: hashKey("psk_web"), maxOutputTokens: 15_000 }] },
      },
      { steps: [{ after: "routing", step: spy }] },
    );
    test.answer(says("Hello."));
    const body = { model: "quick", stream: true, messages: [{ role: "user", content: "Hi." }], ...fields };
    const host = messages ? "https://api.anthropic.com" : "https://api.openai.com";
    const answer = await test.fetch(host + path, {
      method: "POST",
      headers: messages ? { ...headers, "anthropic-version": "2023-06-01" } : headers,
      body: JSON.stringify(body),
    });
    expect(await answer.text()).toMatch(/\[DONE\]|message_stop/);
    expect(asked).toMatchObject([{ reasons, thinkingBudget: undefined }]);
    await test.close();
  });
});
