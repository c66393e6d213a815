import { createTestGateway, says } from "../../adapters/testing.ts";
import { hashKey } from "../../src/access/keys.ts";

const body = { model: "fast", max_completion_tokens: 50, stream: true, messages: [{ role: "user", content: "hello" }] };
const head = {
  method: "POST",
  url: "/v1/chat/completions",
  headers: { "content-type": "application/json", authorization: "Bearer psk_web" },
};

describe("servers that are nearly OpenAI's", () => {
  it("each get the call as they take it, one after the other", async () => {
    const openai = { provider: "openai" as const };
    const test = createTestGateway({
      access: { keys: [{ id: "web", hash: hashKey("psk_web") }] },
      targets: {
        azure: {
          ...{ ...openai, apiKey: "azure-key", auth: "api-key", streamUsage: false },
          baseUrl: "https://mine.openai.azure.com/openai",
          path: "/deployments/{model}/chat/completions",
          query: { "api-version": "2024-10-21" },
        },
        mistral: { ...openai, apiKey: "m", baseUrl: "https://api.mistral.ai/v1", maxTokensField: "max_tokens" },
        local: { ...openai, baseUrl: "http://127.0.0.1:11434/v1", auth: "none" },
      },
      models: {
        fast: { targets: [{ target: "azure", model: "my dep/1" }, { target: "mistral" }, { target: "local" }] },
      },
    });
    test.answer((request, number) => (number < 3 ? { ends: "unreachable" } : says("hi")(request, number)));
    const status = await new Promise((resolve, fail) => {
      let seen = 0;
      const onHead = (answer: { readonly status: number }): void => {
        seen = answer.status;
      };
      const sink = { head: onHead, data: () => true, end: () => resolve(seen), fail };
      test.gateway.handle({ ...head, body: Buffer.from(JSON.stringify(body)) }, sink);
    });
    expect(status).toBe(200);
    const [azure, mistral, local] = test.requests;
    expect(azure?.url).toBe(
      "https://mine.openai.azure.com/openai/deployments/my%20dep%2F1/chat/completions?api-version=2024-10-21",
    );
    expect(azure?.headers).toMatchObject({ "api-key": "azure-key" });
    expect(azure?.headers.authorization).toBeUndefined();
    expect(JSON.parse(azure?.body ?? "")).toEqual({ ...body, model: "my dep/1" });
    const { max_completion_tokens: limit, ...rest } = body;
    const asked = { ...rest, max_tokens: limit, stream_options: { include_usage: true } };
    expect(JSON.parse(mistral?.body ?? "")).toEqual(asked);
    expect(local?.headers.authorization).toBeUndefined();
    await test.close();
  });
});
