// The clients of the table, each with one way to speak: what it was told and what it answered stays its own, as its users keep it.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import Anthropic from "@anthropic-ai/sdk";
import { HumanMessage, ToolMessage } from "@langchain/core/messages";
import { ChatOpenAI } from "@langchain/openai";
import { generateText, jsonSchema, Output, streamText, tool } from "ai";
import OpenAI from "openai";
import { key } from "./setup.mjs";

export const parameters = { type: "object", properties: { to: { type: "string" } }, required: ["to"] };
const dataUrl = (image) => `data:image/png;base64,${image}`;

/** A turn: `{ model, text | results, image, imageUrl, tools, schema, choices, stream }`; answered with `{ texts, calls, usage, value }`. */
function openai(url) {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
  const messages = [];
  return async ({ model, text, results = [], image, imageUrl, tools = [], schema, choices, stream }) => {
    for (const { id, text: content } of results) messages.push({ role: "tool", tool_call_id: id, content });
    const images = [image && dataUrl(image), imageUrl].filter(Boolean);
    const parts = [
      ...images.map((one) => ({ type: "image_url", image_url: { url: one } })),
      ...(text ? [{ type: "text", text }] : []),
    ];
    if (parts.length > 0) messages.push({ role: "user", content: images.length > 0 ? parts : text });
    const body = {
      model,
      messages,
      ...(choices && { n: choices }),
      ...(tools.length > 0 && { tools: tools.map((name) => ({ type: "function", function: { name, parameters } })) }),
      ...(schema && {
        response_format: { type: "json_schema", json_schema: { name: "answer", strict: true, schema } },
      }),
      ...(stream && { stream_options: { include_usage: true } }),
    };
    const completion = stream
      ? await client.chat.completions.stream(body).finalChatCompletion()
      : await client.chat.completions.create(body);
    const [{ message }] = completion.choices;
    messages.push(message);
    const { usage } = completion;
    return {
      texts: completion.choices.map((choice) => choice.message.content),
      calls: (message.tool_calls ?? []).map(({ id, function: { name, arguments: input } }) => ({
        id,
        name,
        input: JSON.parse(input),
      })),
      usage: {
        input: usage.prompt_tokens,
        output: usage.completion_tokens,
        cached: usage.prompt_tokens_details.cached_tokens,
      },
      value: schema && JSON.parse(message.content),
    };
  };
}

function anthropic(url) {
  const client = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0 });
  const messages = [];
  return async ({ model, text, results = [], image, imageUrl, tools = [], schema, stream }) => {
    const sources = [
      image && { type: "base64", media_type: "image/png", data: image },
      imageUrl && { type: "url", url: imageUrl },
    ];
    const content = [
      ...results.map(({ id, text: said }) => ({ type: "tool_result", tool_use_id: id, content: said })),
      ...sources.filter(Boolean).map((source) => ({ type: "image", source })),
      ...(text ? [{ type: "text", text }] : []),
    ];
    messages.push({ role: "user", content });
    const body = {
      model,
      max_tokens: 2_000,
      messages,
      ...(tools.length > 0 && { tools: tools.map((name) => ({ name, input_schema: parameters })) }),
      ...(schema && { output_config: { format: { type: "json_schema", schema } } }),
    };
    const message = stream ? await client.messages.stream(body).finalMessage() : await client.messages.create(body);
    messages.push({ role: "assistant", content: message.content });
    const said = message.content.filter(({ type }) => type === "text").map((block) => block.text);
    const { usage } = message;
    return {
      texts: [said.join("")],
      calls: message.content.filter(({ type }) => type === "tool_use"),
      usage: {
        input: usage.input_tokens + usage.cache_read_input_tokens,
        output: usage.output_tokens,
        cached: usage.cache_read_input_tokens,
      },
      value: schema && JSON.parse(said.join("")),
    };
  };
}

const ai = (wire) => (url) => {
  const options = { baseURL: `${url}/v1`, apiKey: key };
  const provider = wire === "openai" ? createOpenAI(options).chat : createAnthropic(options);
  const messages = [];
  return async ({ model, text, results = [], image, imageUrl, tools = [], schema, stream }) => {
    const told = results.map(({ id, name, text: value }) => ({
      type: "tool-result",
      toolCallId: id,
      toolName: name,
      output: { type: "text", value },
    }));
    if (told.length > 0) messages.push({ role: "tool", content: told });
    const images = [image && dataUrl(image), imageUrl].filter(Boolean);
    const content = [
      ...images.map((one) => ({ type: "image", image: new URL(one), mediaType: "image/png" })),
      ...(text ? [{ type: "text", text }] : []),
    ];
    if (content.length > 0) messages.push({ role: "user", content });
    const request = {
      model: provider(model),
      messages,
      maxRetries: 0,
      // Its errors reach the test by the promises.
      onError: () => {},
      ...(tools.length > 0 && {
        tools: Object.fromEntries(tools.map((name) => [name, tool({ inputSchema: jsonSchema(parameters) })])),
      }),
      ...(schema && { output: Output.object({ schema: jsonSchema(schema) }) }),
      providerOptions: { anthropic: { structuredOutputMode: "outputFormat" } },
    };
    const result = stream ? streamText(request) : await generateText(request);
    const [said, calls, response, usage] = await Promise.all([
      result.text,
      result.toolCalls,
      result.response,
      result.usage,
    ]);
    for (const message of response.messages) messages.push(message);
    return {
      texts: [said],
      calls: calls.map(({ toolCallId: id, toolName: name, input }) => ({ id, name, input })),
      usage: {
        input: usage.inputTokens,
        output: usage.outputTokens,
        cached: usage.inputTokenDetails.cacheReadTokens,
      },
      value: schema && (await result.output),
    };
  };
};

function langchain(url) {
  const messages = [];
  return async ({ model, text, results = [], image, imageUrl, tools = [], schema, choices, stream }) => {
    const chat = new ChatOpenAI({
      model,
      apiKey: key,
      configuration: { baseURL: `${url}/v1` },
      maxRetries: 0,
      useResponsesApi: false,
      ...(choices && { n: choices }),
    });
    for (const { id, name, text: content } of results)
      messages.push(new ToolMessage({ content, tool_call_id: id, name }));
    const images = [image && dataUrl(image), imageUrl].filter(Boolean);
    const parts = images.map((one) => ({ type: "image_url", image_url: { url: one } }));
    if (text) messages.push(new HumanMessage(images.length > 0 ? [...parts, { type: "text", text }] : text));
    if (schema) {
      const structured = chat.withStructuredOutput(schema, { name: "answer", method: "jsonSchema", strict: true });
      return { texts: [], calls: [], usage: undefined, value: await structured.invoke(messages) };
    }
    if (choices) {
      const { generations } = await chat.generate([messages]);
      return { texts: generations[0].map(({ text: said }) => said), calls: [], usage: undefined };
    }
    const bound = chat.bindTools(tools.map((name) => ({ type: "function", function: { name, parameters } })));
    const answer = stream ? await gathered(await bound.stream(messages)) : await bound.invoke(messages);
    messages.push(answer);
    const { input_tokens: input, output_tokens: output, input_token_details: details } = answer.usage_metadata;
    return {
      texts: [answer.text],
      calls: answer.tool_calls.map(({ id, name, args }) => ({ id, name, input: args })),
      usage: { input, output, cached: details.cache_read },
    };
  };
}

async function gathered(stream) {
  let whole;
  for await (const chunk of stream) whole = whole === undefined ? chunk : whole.concat(chunk);
  return whole;
}

export const clients = [
  { name: "openai", wire: "openai", choices: true, open: openai },
  { name: "@anthropic-ai/sdk", wire: "anthropic", choices: false, open: anthropic },
  { name: "ai, openai", wire: "openai", choices: false, open: ai("openai") },
  { name: "ai, anthropic", wire: "anthropic", choices: false, open: ai("anthropic") },
  { name: "@langchain/openai", wire: "openai", choices: true, open: langchain },
];
