import { createTestGateway } from "../../adapters/testing.ts";
import { houseRules } from "../../examples/custom-step/main.ts";

const ask = (model: string): RequestInit => ({
  method: "POST",
  headers: { authorization: "Bearer sk-own", "content-type": "application/json" },
  body: JSON.stringify({ model, messages: [{ role: "user", content: "hello" }] }),
});
const url = "https://api.openai.com/v1/chat/completions";

describe("a step of one's own", () => {
  it("refuses at its place, before anything is sent, and marks the refusal too", async () => {
    const test = createTestGateway({}, { steps: [houseRules(new Set(["gpt-5-secret"]))] });
    const answer = await test.fetch(url, ask("gpt-5-secret"));
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ error: { code: "model_not_found" } });
    expect(answer.headers.get("x-house-rules")).toBe("checked");
    expect(test.requests).toHaveLength(0);
    await test.close();
  });

  it("lets everything else by and marks the answer", async () => {
    const test = createTestGateway({}, { steps: [houseRules(new Set(["gpt-5-secret"]))] });
    const answer = await test.fetch(url, ask("gpt-5-mini"));
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-house-rules")).toBe("checked");
    expect(test.requests).toHaveLength(1);
    await test.close();
  });
});
