import { createTestGateway, says } from "../../adapters/testing.ts";
import { hashKey } from "../../src/index.ts";

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
