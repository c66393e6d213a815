import { openaiChat } from "../../src/dialects/openai-chat.ts";
import { createDocument } from "../../src/document.ts";

const long = "iVBORw0KGgo".repeat(20);
const image = `data:image/png;base64,${long}`;

const request = {
  model: "gpt-4.1",
  messages: [
    { role: "developer", content: "d", name: "n" },
    {
      role: "user",
      content: [
        { type: "text", text: "t" },
        { type: "image_url", image_url: { url: image } },
      ],
    },
    { role: "user", content: [{ type: "image_url", image_url: { url: "https://e.com/?q=t", detail: "low" } }] },
    { role: "user", content: [{ type: "file", file: { file_id: "file-1", filename: "f", file_data: image } }] },
    { role: "user", content: [{ type: "input_audio", input_audio: { data: long, format: "wav" } }] },
    {
      role: "assistant",
      content: null,
      refusal: "r",
      reasoning_content: "rc",
      reasoning_details: [{ type: "reasoning.text", text: "rt", signature: long, data: "short" }],
      tool_calls: [{ id: "call_1", type: "function", function: { name: "fn", arguments: '{"a":1}' } }],
      function_call: { name: "fn", arguments: "{}" },
    },
    { role: "tool", tool_call_id: "call_1", content: "result" },
  ],
  tools: [{ type: "function", function: { name: "fn", description: "d", parameters: { title: "t", enum: ["e"] } } }],
  functions: [{ name: "fn", description: "d" }],
  response_format: { type: "json_schema", json_schema: { name: "s", schema: { description: "d" } } },
  tool_choice: { type: "function", function: { name: "fn" } },
  user: "u",
  stop: ["s"],
  metadata: { k: "v" },
  safety_identifier: "si",
  prompt_cache_key: "pck",
  reasoning_effort: "low",
  prediction: { type: "content", content: "p" },
  unknown: [{ deep: "x" }],
};

/** `place: kind section encoding` of every string that is no key. */
function classes(body: object, rules = openaiChat.requestRules): Record<string, string> {
  const document = createDocument(Buffer.from(JSON.stringify(body)), rules);
  const strings = document.slots.filter((slot) => slot.kind !== "key");
  return Object.fromEntries(
    strings.map((slot) => [
      slot.path.join("."),
      `${slot.kind} ${slot.section}${slot.encoding === "json" ? " json" : ""}`,
    ]),
  );
}

describe("the strings of a request", () => {
  const found = classes(request);

  it.each([
    ["messages.0.content", "text messages"],
    ["messages.0.name", "text messages"],
    ["messages.1.content.0.text", "text messages"],
    ["messages.2.content.0.image_url.url", "text messages"],
    ["messages.3.content.0.file.filename", "text messages"],
    ["messages.5.refusal", "text messages"],
    ["messages.5.reasoning_content", "text messages"],
    ["messages.5.reasoning_details.0.text", "text messages"],
    ["messages.6.content", "text messages"],
    ["tools.0.function.description", "text tools"],
    ["tools.0.function.parameters.title", "text tools"],
    ["tools.0.function.parameters.enum.0", "text tools"],
    ["functions.0.description", "text tools"],
    ["response_format.json_schema.schema.description", "text tools"],
    ["user", "text other"],
    ["stop.0", "text other"],
    ["metadata.k", "text other"],
    ["safety_identifier", "text other"],
    ["prompt_cache_key", "text other"],
    ["prediction.content", "text other"],
    ["unknown.0.deep", "text other"],
  ])("may be edited: %s", (place, expected) => {
    expect(found[place]).toBe(expected);
  });

  it.each(["messages.5.tool_calls.0.function.arguments", "messages.5.function_call.arguments"])(
    "may be edited as JSON within JSON: %s",
    (place) => {
      expect(found[place]).toBe("text messages json");
    },
  );

  it.each([
    ["model", "opaque other"],
    ["reasoning_effort", "opaque other"],
    ["prediction.type", "opaque other"],
    ["tool_choice.function.name", "opaque other"],
    ["messages.0.role", "opaque messages"],
    ["messages.1.content.0.type", "opaque messages"],
    ["messages.2.content.0.image_url.detail", "opaque messages"],
    ["messages.3.content.0.file.file_id", "opaque messages"],
    ["messages.5.tool_calls.0.id", "opaque messages"],
    ["messages.5.tool_calls.0.function.name", "opaque messages"],
    ["messages.5.reasoning_details.0.data", "opaque messages"],
    ["messages.6.tool_call_id", "opaque messages"],
    ["tools.0.type", "opaque tools"],
    ["tools.0.function.name", "opaque tools"],
    ["functions.0.name", "opaque tools"],
    ["response_format.json_schema.name", "opaque tools"],
  ])("are never edited, since the API validates them: %s", (place, expected) => {
    expect(found[place]).toBe(expected);
  });

  it.each([
    "messages.1.content.1.image_url.url",
    "messages.3.content.0.file.file_data",
    "messages.4.content.0.input_audio.data",
    "messages.5.reasoning_details.0.signature",
  ])("are not read where they hold base64: %s", (place) => {
    expect(found[place]).toBe("binary messages");
  });
});

describe("the strings of an answer", () => {
  const answer = {
    id: "chatcmpl-1",
    model: "gpt-4.1",
    choices: [
      {
        message: {
          role: "assistant",
          content: "c",
          tool_calls: [{ id: "call_1", type: "function", function: { name: "fn", arguments: "{}" } }],
          audio: { id: "audio_1", data: long, transcript: "t" },
          reasoning_details: [{ text: "signed" }],
        },
        logprobs: { content: [{ token: "c" }] },
        finish_reason: "stop",
      },
    ],
    error: { message: "about [EMAIL_1]", type: "t", code: "c" },
  };
  const found = classes(answer, openaiChat.answerRules);

  it("are restored where the model speaks, in its arguments, and where an error quotes", () => {
    expect(found["choices.0.message.content"]).toBe("text messages");
    expect(found["choices.0.message.audio.transcript"]).toBe("text messages");
    expect(found["choices.0.message.tool_calls.0.function.arguments"]).toBe("text messages json");
    expect(found["error.message"]).toMatch(/^text/);
  });

  it.each([
    "id",
    "model",
    "choices.0.finish_reason",
    "choices.0.message.role",
    "choices.0.message.tool_calls.0.id",
    "choices.0.message.tool_calls.0.function.name",
    "choices.0.message.audio.id",
    "choices.0.message.reasoning_details.0.text",
    "choices.0.logprobs.content.0.token",
    "error.type",
    "error.code",
  ])("are left alone: %s", (place) => {
    expect(found[place]).toMatch(/^opaque/);
  });
});
