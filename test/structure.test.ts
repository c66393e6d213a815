import { createTestGateway } from "../adapters/testing.ts";
import type { Step } from "../src/step.ts";

const target = { provider: "openai", baseUrl: "http://provider.invalid/v1" } as const;
const ask = (body: object) => ({
  method: "POST",
  headers: { "content-type": "application/json", authorization: "Bearer sk-test" },
  body: JSON.stringify(body),
});

describe("a step that changes the structure of a body", () => {
  const longer = "word ".repeat(1_000);
  const changes: Step = {
    name: "changes",
    open: () => ({
      request: (document) =>
        document?.change([
          { path: ["model"], value: "gpt-5-mini" },
          { path: ["max_completion_tokens"], value: 77 },
          { path: ["messages"], before: [{ role: "system", content: longer }], after: [] },
        ]),
    }),
  };

  it.each(["redaction", "tracing"] as const)("is seen by whoever stands below it (before %s)", async (before) => {
    const sizes: number[] = [];
    const asked: unknown[] = [];
    const sees: Step = {
      name: "sees",
      open: (call) => ({
        attempt(attempt) {
          sizes.push(attempt.size);
          asked.push([call.ask.model, call.ask.maxOutput, attempt.asked.model]);
        },
      }),
    };
    const steps = [{ before, step: changes } as const, { after: "tracing" as const, step: sees }];
    const test = createTestGateway({ targets: { openai: target } }, { steps });
    const body = { model: "another", messages: [{ role: "user", content: "hello" }] };
    const answer = await test.fetch("http://provider.invalid/v1/chat/completions", ask(body));
    expect(answer.status).toBe(200);
    expect(asked).toEqual([["gpt-5-mini", 77, "gpt-5-mini"]]);
    const [sent] = test.requests;
    expect(JSON.parse(sent?.body ?? "")).toMatchObject({ model: "gpt-5-mini", messages: [{ content: longer }, {}] });
    expect(sizes).toEqual([Buffer.byteLength(sent?.body ?? "")]);
    expect(test.receipts[0]?.model).toBe("gpt-5-mini");
    await test.close();
  });

  it("may not make it larger than the gateway accepts, nor more than it may hold at once", async () => {
    const body = { model: "another", messages: [] };
    for (const [limits, status] of [
      [{ body: "4KB" }, 413],
      [{ body: "8KB", inFlight: "64KB" }, 200],
      [{ body: "8KB", inFlight: "4KB" }, 503],
    ] as const) {
      const test = createTestGateway(
        { targets: { openai: target }, limits },
        { steps: [{ before: "redaction", step: changes }] },
      );
      const answer = await test.fetch("http://provider.invalid/v1/chat/completions", ask(body));
      expect(answer.status).toBe(status);
      await test.close();
    }
  });

  it("refuses the call where the dialect cannot read what came of it", async () => {
    const breaks: Step = { name: "breaks", open: () => ({ request: (document) => document?.set(["model"], 7) }) };
    const test = createTestGateway({ targets: { openai: target } }, { steps: [{ before: "redaction", step: breaks }] });
    const answer = await test.fetch("http://provider.invalid/v1/chat/completions", ask({ model: "m", messages: [] }));
    expect(answer.status).toBe(400);
    expect(test.requests).toEqual([]);
    await test.close();
  });
});
