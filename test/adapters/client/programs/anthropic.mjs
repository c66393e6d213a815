// A program that has never heard of a gateway: all that it knows stands in its environment.
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic();
const ask = { model: "claude-haiku-4-5", messages: [{ role: "user", content: process.argv[2] }] };
const whole = (await client.messages.create({ ...ask, max_tokens: 99 })).content[0].text;
const streamed = await client.messages.stream({ ...ask, max_tokens: 99 }).finalText();
const models = [];
for await (const { id } of client.models.list()) models.push(id);
const { input_tokens: tokens } = await client.messages.countTokens(ask);
console.log(JSON.stringify({ whole, streamed, models, tokens }));
