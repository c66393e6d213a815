// A program that has never heard of a gateway: all that it knows stands in its environment.
import OpenAI from "openai";

const client = new OpenAI();
const ask = { model: "gpt-5-mini", messages: [{ role: "user", content: process.argv[2] }] };
const whole = (await client.chat.completions.create(ask)).choices[0].message.content;
let streamed = "";
for await (const { choices } of await client.chat.completions.create({ ...ask, stream: true }))
  streamed += choices[0]?.delta.content ?? "";
const models = [];
for await (const { id } of client.models.list()) models.push(id);
console.log(JSON.stringify({ whole, streamed, models }));
