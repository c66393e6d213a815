import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { createScene } from "./scene.ts";

const files = {
  "hello/1.prompt": '---\nmodel: m\nconfig: { maxOutputTokens: 9 }\n---\n{{role "system"}}Greet {{name}}.{{history}}',
};

describe("a prompt asked for with an official SDK", () => {
  it("OpenAI's: streamed, with variables in metadata; what there is not is its own kind of error", async () => {
    const scene = await createScene(files);
    const client = new OpenAI({ apiKey: "sk-test", baseURL: "http://openai.invalid/v1", fetch: scene.test.fetch });
    const messages = [{ role: "user" as const, content: "Hello there" }];
    const stream = await client.chat.completions.create({
      model: "prompt:hello",
      messages,
      metadata: { name: "Ada" },
      stream: true,
    });
    let text = "";
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
    expect(text).toBe("Hello there");
    expect(JSON.parse(scene.test.requests[0]?.body ?? "")).toMatchObject({
      model: "m",
      messages: [{ role: "system", content: "Greet Ada." }, ...messages],
      max_completion_tokens: 9,
    });
    const lost = client.chat.completions.create({ model: "prompt:hello@7", messages });
    await expect(lost).rejects.toMatchObject({ status: 404, code: "prompt_not_found" });
    await scene.close();
  });

  it("Anthropic's: by header, with the number of tokens that the prompt names", async () => {
    const scene = await createScene(files);
    const client = new Anthropic({ apiKey: "sk-test", baseURL: "http://anthropic.invalid", fetch: scene.test.fetch });
    const body = { model: "any", max_tokens: 1, messages: [{ role: "user" as const, content: "Hi" }] };
    const headers = { "x-postern-prompt": "hello" };
    // The SDK's type knows the provider's own field alone.
    const metadata = { name: "Ada" } as Anthropic.Metadata;
    const answer = await client.messages.create({ ...body, metadata }, { headers });
    expect(answer.content[0]).toMatchObject({ type: "text", text: "Hi" });
    expect(JSON.parse(scene.test.requests[0]?.body ?? "")).toEqual({
      model: "m",
      max_tokens: 9,
      system: "Greet Ada.",
      messages: body.messages,
    });
    const missing = client.messages.create(body, { headers });
    await expect(missing).rejects.toMatchObject({ status: 400 });
    await scene.close();
  });
});
