import { createTestGateway, says } from "../../adapters/testing.ts";
import { hashKey } from "../../src/index.ts";

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
  /** Red when only the caller's wire is asked: then too little is reserved for a model whose thinking does not flow. */
  it.each([{ target: "claude" }, { target: "claude", model: "claude-opus-5" }])(
    "knows from the target's wire that its model reasons: %j",
    async (place) => {
      const reasons: boolean[] = [];
      const test = createTestGateway(
        {
          targets: { claude: { provider: "anthropic", apiKey: "sk-operator" } },
          models: { "claude-opus-5": { targets: [place] } },
          access: { keys: [{ id: "web", hash: hashKey("psk_web") }] },
        },
        {
          steps: [
            {
              after: "routing",
              step: { name: "spy", open: () => ({ attempt: ({ asked }) => void reasons.push(asked.reasons) }) },
            },
          ],
        },
      );
      test.answer(says("Hello."));
      const body = { model: "claude-opus-5", stream: true, messages: [{ role: "user", content: "Hi." }] };
      const answer = await test.fetch("https://api.openai.com/v1/chat/completions", {
        method: "POST",
        headers: { authorization: "Bearer psk_web", "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      expect(await answer.text()).toContain("[DONE]");
      expect(reasons).toEqual([true]);
      await test.close();
    },
  );
});
