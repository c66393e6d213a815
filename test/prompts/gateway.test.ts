import { jest } from "@jest/globals";
import { type Attributes, trace } from "@opentelemetry/api";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { silent } from "../../src/engine/log.ts";
import { createScene, urls } from "./scene.ts";

const files = {
  "hello/2.prompt": '---\nmodel: m\n---\n{{role "system"}}Hello {{name}}',
  "hello/labels.yaml": "production: 2",
};
const ask = { model: "prompt:hello@production", messages: [], metadata: { name: "Ada" } };

describe("a gateway with prompts", () => {
  it("tells on span and record which version a call was made of", async () => {
    const exporter = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    trace.setGlobalTracerProvider(provider);
    const scene = await createScene(files);
    expect((await scene.ask(urls.chat, ask)).status).toBe(200);
    const [record] = await scene.test.gateway.records();
    await scene.close();
    trace.disable();
    expect(record?.receipt.prompt).toEqual({ name: "hello", version: 2 });
    const told: Attributes = { "gen_ai.prompt.name": "hello", "gen_ai.prompt.version": "2" };
    const spans = exporter.getFinishedSpans().filter(({ attributes }) => "postern.call.id" in attributes);
    expect(spans.map(({ attributes }) => attributes)).toEqual([expect.objectContaining(told)]);
  });

  it("keeps a version that runs through a reload of its config while its file is broken", async () => {
    const warn = jest.fn();
    const scene = await createScene(files, {}, { log: { ...silent, warn } });
    await scene.ask(urls.chat, ask);
    await scene.folder.write({ "hello/2.prompt": "---\nmodle: m\n---\nx" });
    await scene.test.gateway.reload({
      targets: { openai: { provider: "openai", baseUrl: "http://openai.invalid/v1" } },
      prompts: { from: scene.folder.path },
    });
    const { sent } = await scene.ask(urls.chat, ask);
    expect(sent.messages).toEqual([{ role: "system", content: "Hello Ada" }]);
    expect(warn).toHaveBeenCalledWith(
      { file: "hello/2.prompt", line: 2, column: 1, problem: "the key is not known here" },
      expect.any(String),
    );
    await scene.close();
  });

  it("without them refuses whoever asks for one by header, and leaves models alone that are called so", async () => {
    const scene = await createScene({}, { prompts: undefined });
    const asked = await scene.ask(urls.chat, { model: "m", messages: [] }, { "x-postern-prompt": "hello" });
    expect([asked.status, asked.sent]).toEqual([404, undefined]);
    const named = await scene.ask(urls.chat, { model: "prompt:latest", messages: [], prompt: { id: "x" } });
    expect(named.sent).toEqual({ model: "prompt:latest", messages: [], prompt: { id: "x" } });
    await scene.close();
  });

  it("makes messages of them when it observes, too", async () => {
    const scene = await createScene(files, { mode: "observe" });
    const { sent } = await scene.ask(urls.messages, { ...ask, max_tokens: 7 });
    expect(sent).toEqual({ model: "m", max_tokens: 7, system: "Hello Ada", messages: [] });
    const unknown = await scene.ask(urls.chat, { ...ask, model: "prompt:nothing" });
    expect(unknown.sent.model).toBe("prompt:nothing");
    expect(scene.test.receipts.at(-1)?.observed).toContain("prompt_not_found");
    await scene.close();
  });

  it("reserves for what a prompt becomes", async () => {
    const long = "word ".repeat(20_000);
    const scene = await createScene(
      { "long/1.prompt": `---\nmodel: gpt-5-mini\n---\n${long}` },
      { budgets: [{ limit: "$0.001", window: "day" }] },
    );
    const { status, text } = await scene.ask(urls.chat, { model: "prompt:long", messages: [], max_tokens: 1 });
    expect([status, JSON.parse(text).error.code]).toEqual([402, "budget_exceeded"]);
    const small = await scene.ask(urls.chat, { model: "gpt-5-mini", messages: [], max_tokens: 1 });
    expect(small.status).toBe(200);
    await scene.close();
  });
});
