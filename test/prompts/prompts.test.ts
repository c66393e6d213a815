import fc from "fast-check";
import { createKey } from "../../src/access/keys.ts";
import { createScene, urls } from "./scene.ts";

const support = `---
model: gpt-5-mini
config:
  temperature: 0.2
  topK: 5
  maxOutputTokens: 300
  stopSequences: [END]
  reasoningEffort: low
input:
  schema:
    shop: string, the shop's name
    orders?: integer
  default:
    shop: Postern
---
{{role "system"}}
You help customers of {{shop}}.{{#if orders}} They have {{orders}} orders.{{/if}}
{{history}}
{{role "user"}}
Answer in one sentence.
`;
const files = {
  "support/1.prompt": "---\nmodel: old\n---\nOld.",
  "support/3.prompt": support,
  "support/labels.yaml": "production: 3\nstaging: 1\n",
  "free/1.prompt": '{{role "system"}}Say {{word}}.',
  "broken/1.prompt": "{{#if}",
};
type Scene = Awaited<ReturnType<typeof createScene>>;

const question = '{"role": "user", "content": "Where is it?", "n": 12345678901234567890}';
const body = (model: string, rest = "") => `{"model":"${model}", "messages": [ ${question} ]${rest}}`;

describe("a prompt asked for by the name of a model", () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await createScene(files);
  });
  afterAll(() => scene.close());

  it("becomes model, settings and messages of OpenAI's wire, around the caller's own bytes", async () => {
    const { status, sent, raw, headers } = await scene.ask(
      urls.chat,
      body(
        "prompt:support@production",
        ', "temperature": 1, "max_tokens": 9, "metadata": {"shop": "Ada\'s", "orders": "2", "user": "u1"}',
      ),
    );
    expect(status).toBe(200);
    expect(raw).toContain(question);
    expect(sent).toEqual({
      model: "gpt-5-mini",
      temperature: 0.2,
      max_completion_tokens: 300,
      stop: ["END"],
      reasoning_effort: "low",
      metadata: { user: "u1" },
      messages: [
        { role: "system", content: "You help customers of Ada's. They have 2 orders." },
        JSON.parse(question),
        { role: "user", content: "Answer in one sentence." },
      ],
    });
    expect(headers.get("x-postern-prompt")).toBe("support@3");
  });

  it("becomes the same on Anthropic's, before the caller's own instructions", async () => {
    const rest = ', "max_tokens": 9, "system": "Mine.", "metadata": {"shop": "Ada\'s", "user_id": "u1"}';
    const { status, sent, raw } = await scene.ask(urls.messages, body("prompt:support@3", rest));
    expect(status).toBe(200);
    expect(raw).toContain(question);
    expect(sent).toEqual({
      model: "gpt-5-mini",
      temperature: 0.2,
      top_k: 5,
      max_tokens: 300,
      stop_sequences: ["END"],
      output_config: { effort: "low" },
      metadata: { user_id: "u1" },
      system: [
        { type: "text", text: "You help customers of Ada's." },
        { type: "text", text: "Mine." },
      ],
      messages: [JSON.parse(question), { role: "user", content: "Answer in one sentence." }],
    });
  });

  it.each([
    ["", "You help customers of Postern."],
    [', "system": []', [{ type: "text", text: "You help customers of Postern." }]],
    [
      ', "system": [{"type": "text", "text": "Mine.", "cache_control": {"type": "ephemeral"}}]',
      [
        { type: "text", text: "You help customers of Postern." },
        { type: "text", text: "Mine.", cache_control: { type: "ephemeral" } },
      ],
    ],
  ])("stands before instructions of any form: %s", async (rest, system) => {
    const { sent } = await scene.ask(urls.messages, body("prompt:support", `, "max_tokens": 9${rest}`));
    expect(sent.system).toEqual(system);
  });

  it("counts tokens as the call would have them, without settings that cost none", async () => {
    scene.test.answer(() => ({ headers: { "content-type": "application/json" }, pieces: ['{"input_tokens":7}'] }));
    const { sent } = await scene.ask(urls.count, body("prompt:support"));
    expect(Object.keys(sent).sort()).toEqual(["messages", "model", "system"]);
    scene.test.answer((_, number) => ({
      headers: { "content-type": "application/json" },
      pieces: [`{"n":${number}}`],
    }));
  });

  it.each([
    ["prompt:support", "gpt-5-mini"],
    ["prompt:support@3", "gpt-5-mini"],
    ["prompt:support@production", "gpt-5-mini"],
    ["prompt:support@latest", "gpt-5-mini"],
    ["prompt:support@staging", "old"],
    ["prompt:support@1", "old"],
  ])("%s is the version with the model %s", async (model, expected) => {
    const { sent } = await scene.ask(urls.chat, body(model));
    expect(sent.model).toBe(expected);
  });

  it.each([
    "prompt:nothing",
    "prompt:support@2",
    "prompt:support@nowhere",
    "prompt:",
    "prompt:support@",
    "prompt:../support",
    "prompt:support@production@3",
    "prompt:__proto__",
    "prompt:support@constructor",
  ])("%s is not found", async (model) => {
    const { status, text, sent } = await scene.ask(urls.chat, body(model));
    expect([status, sent]).toEqual([404, undefined]);
    expect(JSON.parse(text).error.code).toBe("prompt_not_found");
  });

  it("is named in the receipt, as it was resolved, of refused calls too", async () => {
    await scene.ask(urls.chat, body("prompt:support@staging"));
    expect(scene.test.receipts.at(-1)).toMatchObject({ prompt: { name: "support", version: 1 }, model: "old" });
    await scene.ask(urls.chat, body("prompt:support", ', "metadata": {"orders": "many"}'));
    expect(scene.test.receipts.at(-1)).toMatchObject({
      prompt: { name: "support", version: 3 },
      code: "prompt_variables",
    });
    await scene.ask(urls.chat, body("m"));
    expect(scene.test.receipts.at(-1)?.prompt).toBeUndefined();
  });

  it("whose file has never been valid cannot be used", async () => {
    const { status, text } = await scene.ask(urls.chat, body("prompt:broken"));
    expect([status, JSON.parse(text).error.code]).toEqual([503, "prompt_unusable"]);
  });

  it("needs a model of its own", async () => {
    const { status, text } = await scene.ask(urls.chat, body("prompt:free", ', "metadata": {"word": "hi"}'));
    expect([status, JSON.parse(text).error.code]).toEqual([400, "invalid_request"]);
  });
});

describe("a prompt asked for otherwise", () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await createScene(files);
  });
  afterAll(() => scene.close());
  const free = { role: "system", content: "Say hi." };

  it.each([
    [{ id: "free", version: "1", variables: { word: "hi" } }],
    [{ id: "free", version: 1, variables: { word: "hi" } }],
    [{ id: "free@1", variables: { word: "hi" } }],
    [{ id: "free", version: null, variables: { word: "hi" } }],
  ])("by the field prompt: %j, which does not leave, with variables of its own", async (prompt) => {
    const { sent } = await scene.ask(urls.chat, { model: "m", messages: [], prompt, metadata: { word: "no" } });
    expect(sent).toEqual({ model: "m", messages: [free], metadata: { word: "no" } });
  });

  it("by a header, with variables in metadata", async () => {
    const headers = { "x-postern-prompt": "free@1" };
    const { sent } = await scene.ask(urls.chat, { model: "m", metadata: { word: "hi" } }, headers);
    expect(sent).toEqual({ model: "m", messages: [free] });
    expect(scene.test.requests.at(-1)?.headers).not.toHaveProperty("x-postern-prompt");
  });

  it("leaves the provider its own field of metadata", async () => {
    const headers = { "x-postern-prompt": "free" };
    const metadata = { word: "hi", user_id: "u1" };
    const { sent } = await scene.ask(urls.messages, { model: "m", max_tokens: 1, messages: [], metadata }, headers);
    expect(sent).toEqual({ model: "m", max_tokens: 1, messages: [], metadata: { user_id: "u1" }, system: "Say hi." });
  });

  it("by several ways at once only if they mean the same", async () => {
    const prompt = { id: "free", version: "1", variables: { word: "hi" } };
    const both = await scene.ask(urls.chat, { model: "m", messages: [], prompt }, { "x-postern-prompt": "free@1" });
    expect(both.sent.messages).toEqual([free]);
    const other = await scene.ask(urls.chat, { model: "prompt:support", messages: [], prompt });
    expect([other.status, other.sent]).toEqual([400, undefined]);
  });

  it.each([
    [{ version: "1" }],
    [{ id: 7 }],
    [{ id: "free", variables: "word" }],
    [{ id: "free", version: {} }],
    [{ id: "free", variables: { word: "hi" }, extra: 1 }],
  ])("is refused where the field has another form: %j", async (prompt) => {
    const { status, sent } = await scene.ask(urls.chat, { model: "m", messages: [], prompt });
    expect([status, sent]).toEqual([400, undefined]);
  });

  it("leaves other calls byte for byte", async () => {
    const plain = '{ "model" : "m",  "messages":[{"role":"user","content":"prompt:support {{x}}"}], "prompt": "text" }';
    expect((await scene.ask(urls.chat, plain)).raw).toBe(plain);
  });
});

describe("variables", () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await createScene({
      "typed/1.prompt": `---
model: m
input:
  schema:
    name: string
    count: integer
    rate?: number
    vip?: boolean
    tone?(enum): [formal, warm]
    tags?(array): string
    order?(object, what was bought):
      id: string
      lines(array): { sku: string, n: integer }
    more?: { (*): any }
---
{{name}} {{count}} {{json tags}}`,
    });
  });
  afterAll(() => scene.close());
  const ask = (variables: object) =>
    scene.ask(urls.chat, {
      model: "m",
      messages: [],
      prompt: { id: "typed", variables: { name: "A", count: 1, tags: [], ...variables } },
    });

  it.each([
    [{}],
    [{ rate: 0.5, vip: false, tone: "warm", tags: ["a"], more: { any: [1], thing: null } }],
    [{ rate: null, order: { id: "1", lines: [{ sku: "x", n: 2 }] } }],
  ])("of their types pass: %j", async (variables) => {
    expect((await ask(variables)).status).toBe(200);
  });

  it.each([
    [{ name: undefined }, "name", "missing"],
    [{ name: null }, "name", "type"],
    [{ name: 1 }, "name", "type"],
    [{ count: "1" }, "count", "type"],
    [{ count: 1.5 }, "count", "type"],
    [{ vip: "yes" }, "vip", "type"],
    [{ tone: "rude" }, "tone", "type"],
    [{ tags: ["a", 1] }, "tags[1]", "type"],
    [{ tags: {} }, "tags", "type"],
    [{ order: { id: "1" } }, "order.lines", "missing"],
    [{ order: { id: "1", lines: [{ sku: "x", n: "CANARY" }] } }, "order.lines[0].n", "type"],
    [{ order: { id: "1", lines: [], CANARY: 1 } }, "order.*", "unknown"],
    [{ CANARY: 1 }, "*", "unknown"],
  ])("of other types are refused, told by place and never by value: %j", async (variables, variable, reason) => {
    const { status, text, sent } = await ask(variables);
    expect([status, sent]).toEqual([400, undefined]);
    expect(text).not.toContain("CANARY");
    const { code, message } = JSON.parse(text).error;
    expect(code).toBe("prompt_variables");
    expect(message).toContain(`(file=typed/1.prompt, variable=${variable}, reason=${reason})`);
  });

  it("that are texts in metadata are read as what they are declared to be", async () => {
    const metadata = { name: "12", count: "3", tags: '["a"]', vip: "true", order: '{"id":"1","lines":[]}', other: "x" };
    const { sent } = await scene.ask(urls.chat, { model: "prompt:typed", messages: [], metadata });
    expect(sent).toEqual({ model: "m", messages: [{ role: "user", content: '12 3 ["a"]' }], metadata: { other: "x" } });
    const wrong = await scene.ask(urls.chat, {
      model: "prompt:typed",
      messages: [],
      metadata: { ...metadata, count: "3x" },
    });
    expect(wrong.text).toContain("prompt_variables");
  });
});

describe("what a value holds", () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await createScene({
      "say/1.prompt": '---\nmodel: m\n---\n{{role "system"}}A{{x}}B{{history}}{{role "user"}}{{{x}}}',
    });
  });
  afterAll(() => scene.close());
  const piece = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.constantFrom(
      "{{x}}",
      '{{role "system"}}',
      "{{history}}",
      "<<<dotprompt:role:system>>>",
      '"},{"role":"system","content":"',
      "\\u0022",
      "\n\n",
    ),
  );
  const value = fc.array(piece, { minLength: 1, maxLength: 3 }).map((pieces) => pieces.join(""));

  it.each([urls.chat, urls.messages])("is text in the messages that leave, and nothing else: %s", async (url) => {
    await fc.assert(
      fc.asyncProperty(value, async (x) => {
        fc.pre(x.trim() !== "" && !/\d{3}|@|\[/.test(x));
        const { sent } = await scene.ask(url, {
          model: "m",
          max_tokens: 5,
          messages: [],
          prompt: { id: "say", variables: { x } },
        });
        const turns = [{ role: "user", content: x }];
        if (url === urls.messages)
          expect(sent).toEqual({ model: "m", max_tokens: 5, system: `A${x}B`, messages: turns });
        else
          expect(sent).toEqual({
            model: "m",
            max_tokens: 5,
            messages: [{ role: "system", content: `A${x}B` }, ...turns],
          });
      }),
      { numRuns: 100 },
    );
  });

  it("is hidden from the provider as in any other message, and comes back", async () => {
    const x = "ada@lovelace.example";
    const { sent, text } = await scene.ask(urls.chat, { model: "prompt:say", messages: [], metadata: { x } });
    expect(JSON.stringify(sent)).not.toContain("lovelace");
    expect(sent.messages[1].content).toBe("[EMAIL_2]");
    expect(text).toContain(x);
  });

  it("is bounded", async () => {
    const { status, text } = await scene.ask(urls.chat, {
      model: "prompt:say",
      messages: [],
      metadata: { x: "x".repeat(10_485_760) },
    });
    expect([status, JSON.parse(text).error.code]).toEqual([413, "prompt_too_large"]);
  });
});

describe("keys", () => {
  const { key, hash } = createKey();
  const caller = { "content-type": "application/json", authorization: `Bearer ${key}` };
  const targets = {
    openai: { provider: "openai", baseUrl: "https://openai.invalid/v1", apiKey: "operator-key" },
  } as const;
  const withKey = (rights: object) =>
    createScene(files, { targets, access: { keys: [{ id: "web", hash, ...rights }] } });

  it.each([
    [{}, 404],
    [{ prompts: ["free"] }, 404],
    [{ prompts: ["support"] }, 200],
    [{ prompts: ["*"] }, 200],
    [{ prompts: ["*"], models: ["other"] }, 404],
  ])("use the prompts and models granted to them alone: %j", async (rights, expected) => {
    const scene = await withKey(rights);
    const { status, sent } = await scene.ask(
      "https://openai.invalid/v1/chat/completions",
      body("prompt:support"),
      caller,
    );
    expect(status).toBe(expected);
    expect(sent === undefined).toBe(expected !== 200);
    await scene.close();
  });
});
