import { readFileSync } from "node:fs";
import { noUsage } from "../../../src/dialects/dialect.ts";
import { Refusal } from "../../../src/errors.ts";
import { anthropicReads, bytesOf, least, openaiReads, request, streamed, translate, whole } from "./scene.ts";
import { complaints } from "./types.ts";

const read = (path: string) => JSON.parse(readFileSync(new URL(`../../fixtures/${path}`, import.meta.url), "utf8"));
const message = read("anthropic-messages/message.json");
const completion = read("openai-chat/tools.json");

const toOpenAi = (body: unknown) => {
  const translation = translate("openai-chat", least["openai-chat"]);
  return { answer: whole(translation, "anthropic-messages", body), losses: translation.losses };
};
const toAnthropic = (body: unknown) => {
  const translation = translate("anthropic-messages", least["anthropic-messages"]);
  return { answer: whole(translation, "openai-chat", body), losses: translation.losses };
};
const choice = (said: object, finish_reason: string) => ({
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model: "gpt-5.2",
  choices: [
    { index: 0, message: { role: "assistant", content: null, refusal: null, ...said }, logprobs: null, finish_reason },
  ],
});

describe("a whole message as a completion", () => {
  it("has its text, its calls and all its tokens", () => {
    const { answer, losses } = toOpenAi(message);
    expect(answer).toEqual({
      id: "msg_013Zva2CMHLNnjNjJJKqJ2EF",
      object: "chat.completion",
      created: 1_795_521_600,
      model: "claude-opus-4-6",
      choices: [
        {
          index: 0,
          message: {
            role: "assistant",
            content: "Write to [EMAIL_1].",
            refusal: null,
            tool_calls: [
              {
                id: "toolu_01",
                type: "function",
                function: { name: "get_customer", arguments: '{"email":"[EMAIL_1]","age":41}' },
              },
            ],
          },
          logprobs: null,
          finish_reason: "tool_calls",
        },
      ],
      usage: {
        prompt_tokens: 3_095,
        completion_tokens: 503,
        total_tokens: 3_598,
        prompt_tokens_details: { cached_tokens: 900, cache_write_tokens: 100 },
        completion_tokens_details: { reasoning_tokens: 210 },
      },
    });
    expect(losses).toEqual(["content[0]"]);
  });

  it.each([
    ["end_turn", "stop"],
    ["stop_sequence", "stop"],
    ["max_tokens", "length"],
    ["model_context_window_exceeded", "length"],
    ["tool_use", "tool_calls"],
    ["refusal", "content_filter"],
    ["pause_turn", "stop"],
    ["one_of_next_year", "stop"],
    ["constructor", "stop"],
  ])("stops for %s as %s", (stop_reason, finish) => {
    expect(toOpenAi({ ...message, stop_reason }).answer.choices[0].finish_reason).toBe(finish);
  });

  it("names a reason to stop that it does not know", () => {
    expect(toOpenAi({ ...message, stop_reason: "one_of_next_year" }).losses).toContain("stop_reason:changed");
  });

  it("keeps every digit of a call's input", () => {
    const text =
      '{"type":"message","id":"m","model":"c","stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":1},"content":[{"type":"tool_use","id":"t","name":"f","input":{"id":12345678901234567890}}]}';
    expect(toOpenAi(text).answer.choices[0].message.tool_calls[0].function.arguments).toBe(
      '{"id":12345678901234567890}',
    );
  });

  it("names what it cannot say", () => {
    const content = [
      { type: "text", text: "A", citations: [{ type: "char_location" }] },
      { type: "server_tool_use", id: "s", name: "web_search", input: {} },
    ];
    const { losses } = toOpenAi({
      ...message,
      content,
      stop_reason: "pause_turn",
      stop_sequence: "X",
      container: { id: "c" },
    });
    expect([...losses].sort()).toEqual([
      "container",
      "content[0].citations",
      "content[1]",
      "stop_reason:changed",
      "stop_sequence",
    ]);
  });
});

describe("a whole completion as a message", () => {
  it("has its calls and all its tokens", () => {
    const { answer, losses } = toAnthropic(completion);
    expect(answer).toMatchObject({
      id: completion.id,
      type: "message",
      role: "assistant",
      model: completion.model,
      content: [
        { type: "tool_use", id: "call_4Yq1c0pQmX7hB2sKdV8nRtZa", name: "send_mail", input: { to: "[EMAIL_1]" } },
        { type: "tool_use", id: "call_9PzLw3eTgU6jC5xNfM0bSvHy", name: "look_up", input: {} },
      ],
      stop_reason: "tool_use",
      usage: { input_tokens: 189, cache_read_input_tokens: 1_024, output_tokens: 96, service_tier: "standard" },
    });
    expect(losses).toEqual([]);
  });

  it.each([
    ["stop", "end_turn"],
    ["length", "max_tokens"],
    ["tool_calls", "tool_use"],
    ["content_filter", "refusal"],
    ["model_length", "model_context_window_exceeded"],
    ["constructor", "end_turn"],
  ])("stops for %s as %s", (finish, reason) => {
    expect(toAnthropic(choice({ content: "A" }, finish)).answer.stop_reason).toBe(reason);
  });

  it("names a reason to stop that it does not know", () => {
    const { losses } = toAnthropic(choice({ content: "A" }, "one_of_next_year"));
    expect(losses).toEqual(["choices[0].finish_reason:changed"]);
  });

  it("stops for its calls, also where the provider says just stop", () => {
    const tool_calls = [{ id: "call_1", type: "function", function: { name: "f", arguments: "{}" } }];
    expect(toAnthropic(choice({ tool_calls }, "stop")).answer.stop_reason).toBe("tool_use");
  });

  it("is a refusal where the model refused", () => {
    const { answer } = toAnthropic(choice({ refusal: "No." }, "stop"));
    expect(answer).toMatchObject({
      content: [{ text: "No." }],
      stop_reason: "refusal",
      stop_details: { type: "refusal" },
    });
  });

  it("names what it cannot say", () => {
    const body = choice({ content: "A", reasoning_content: "Hm", annotations: [{}], audio: null }, "stop");
    const { losses } = toAnthropic({ ...body, service_tier: "flex", moderation: { input: 1 } });
    expect([...losses].sort()).toEqual([
      "choices[0].message.annotations",
      "choices[0].message.reasoning_content",
      "moderation",
      "service_tier",
    ]);
  });

  it.each(["", "null"])("has a call without input that a server tells as %j", (input) => {
    const tool_calls = [{ id: "c", type: "function", function: { name: "f", arguments: input } }];
    expect(toAnthropic(choice({ tool_calls }, "tool_calls")).answer.content).toMatchObject([{ name: "f", input: {} }]);
  });

  it("leaves out a call that the limit cut off, by name", () => {
    const tool_calls = ['{"to":"a"}', '{"to":"'].map((input, index) => ({
      id: `c${index}`,
      type: "function",
      function: { name: "f", arguments: input },
    }));
    const { answer, losses } = toAnthropic(choice({ content: "A", tool_calls }, "length"));
    expect(answer).toMatchObject({ content: [{ text: "A" }, { id: "c0" }], stop_reason: "max_tokens" });
    expect(answer.content).toHaveLength(2);
    expect(losses).toEqual(["choices[0].message.tool_calls"]);
  });

  it.each([
    [
      "a call whose input is no object",
      choice(
        { tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: '{"all":' } }] },
        "tool_calls",
      ),
    ],
    ["no choices", { id: "c", model: "m" }],
    ["a list", []],
    ["no JSON", "<html>"],
  ])("is no answer with %s", (_name, body) => {
    const translation = translate("anthropic-messages", least["anthropic-messages"]);
    expect(() => translation.whole(bytesOf(body), noUsage)).toThrow(new Refusal("upstream_invalid"));
  });
});

it("whole answers fit what the SDKs declare", () => {
  const openai = toOpenAi({ ...message, usage: { ...message.usage, speed: "standard" } }).answer;
  const anthropic = toAnthropic(completion).answer;
  const refused = toAnthropic(choice({ refusal: "No." }, "stop")).answer;
  expect(
    complaints([
      { kind: "answer", dialect: "openai-chat", value: openai },
      { kind: "answer", dialect: "anthropic-messages", value: anthropic },
      { kind: "answer", dialect: "anthropic-messages", value: refused },
    ]).flat(),
  ).toEqual([]);
});

describe("a tool whose name the target does not take", () => {
  const long = `mcp__${"server".repeat(12)}__tool`;
  const use = (name: string) => ({ type: "tool_use", id: "t", name, input: {} });
  const call = (name: string) => ({ index: 0, id: "c", type: "function", function: { name, arguments: "{}" } });
  const events = (name: string) =>
    [
      { type: "message_start", message: { id: "m", model: "c" } },
      { type: "content_block_start", index: 0, content_block: use(name) },
      { type: "message_delta", delta: { stop_reason: "tool_use" } },
      { type: "message_stop" },
    ]
      .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
      .join("");
  const chunks = (name: string) =>
    [{ delta: { tool_calls: [call(name)] } }, { delta: {}, finish_reason: "tool_calls" }]
      .map((said) => `data: ${JSON.stringify({ id: "c", model: "m", choices: [{ index: 0, ...said }] })}\n\n`)
      .join("");

  it("is called by the name that the caller gave it, in Messages", async () => {
    const body = { ...least["anthropic-messages"], tools: [{ name: long, input_schema: { type: "object" } }] };
    const translation = translate("anthropic-messages", body);
    const sent = JSON.parse(translation.body.toString()).tools[0].function.name;
    expect(sent).toMatch(/^[\w-]{1,64}$/);
    const answer = whole(translation, "openai-chat", choice({ tool_calls: [call(sent)] }, "tool_calls"));
    expect(answer.content[0].name).toBe(long);
    const read = await anthropicReads(streamed(translation, "openai-chat", Buffer.from(chunks(sent))));
    expect(read.content).toMatchObject([{ name: long }]);
  });

  it("is called by the name that the caller gave it, in Chat Completions", async () => {
    const tools = [{ type: "function", function: { name: "files.read" } }];
    const translation = translate("openai-chat", { ...least["openai-chat"], tools });
    const sent = JSON.parse(translation.body.toString()).tools[0].name;
    expect(sent).toMatch(/^[\w-]{1,64}$/);
    const answer = whole(translation, "anthropic-messages", { ...message, content: [use(sent)] });
    expect(answer.choices[0].message.tool_calls[0].function.name).toBe("files.read");
    const read = await openaiReads(streamed(translation, "anthropic-messages", Buffer.from(events(sent))));
    expect(read.choices[0]?.message.tool_calls).toMatchObject([{ function: { name: "files.read" } }]);
  });
});

describe("a conversation that changes the provider at every turn", () => {
  const turn = (id: string) => ({ id, type: "function", function: { name: "f", arguments: '{"a":1}' } });

  it("keeps each call with its result, and gives each provider its own ids again", () => {
    const odd = "functions.f:0|fc_1";
    const tool_calls = [turn(odd)];
    const first = toAnthropic(choice({ tool_calls }, "tool_calls")).answer.content[0];
    expect(first.id).toMatch(/^[a-zA-Z0-9_-]+$/);
    const history = [
      { role: "user", content: "Hi" },
      { role: "assistant", content: [first, { type: "tool_use", id: "toolu_2", name: "f", input: {} }] },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: first.id, content: "1" },
          { type: "tool_result", tool_use_id: "toolu_2", content: "2" },
        ],
      },
    ];
    const { messages } = request("anthropic-messages", { model: "kimi", max_tokens: 9, messages: history }).body;
    expect(messages[1].tool_calls.map(({ id }: { id: string }) => id)).toEqual([odd, "toolu_2"]);
    expect(messages.slice(2).map((each: { tool_call_id: string }) => each.tool_call_id)).toEqual([odd, "toolu_2"]);
  });
});
