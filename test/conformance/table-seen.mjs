// What the cases look for at the other end.
import assert from "node:assert/strict";
import { email } from "./setup.mjs";

/** Of the request that a provider got: what was said and called, by the wire's own names. */
const chatCalls = (body) => body.messages.flatMap(({ tool_calls = [] }) => tool_calls);
const chatResults = (body) => body.messages.filter(({ role }) => role === "tool");
export const blocksIn = (body, type) =>
  body.messages
    .flatMap(({ content }) => (Array.isArray(content) ? content : []))
    .filter((block) => block.type === type);
const seen = {
  openai: (body) => ({
    calls: chatCalls(body).map(({ id, function: { name, arguments: input } }) => ({
      id,
      name,
      input: JSON.parse(input),
    })),
    results: chatResults(body).map(({ tool_call_id: id, content }) => ({ id, text: textIn(content) })),
  }),
  anthropic: (body) => ({
    calls: blocksIn(body, "tool_use").map(({ id, name, input }) => ({ id, name, input })),
    results: blocksIn(body, "tool_result").map(({ tool_use_id: id, content }) => ({ id, text: textIn(content) })),
  }),
};
const textIn = (content) => (typeof content === "string" ? content : content.map(({ text }) => text).join(""));
const idRule = { openai: /^[\x21-\x7e]{1,40}$/, anthropic: /^[a-zA-Z0-9_-]{1,128}$/ };

/** Ids as the wire takes them, each result beside its own call. */
export function checkPairs({ wire, body }) {
  const { calls, results } = seen[wire](body);
  for (const { id } of calls) assert.match(id, idRule[wire]);
  for (const { id, text } of results)
    assert.ok(
      calls.some((call) => call.id === id),
      `no call for the result ${text}`,
    );
  return { calls, results };
}

/** What was lost in the last calls, the latest first. */
export async function losses(host, count = 1) {
  const records = await host.gateway.records(count);
  return records.map(({ receipt }) => receipt.attempts.at(-1).losses);
}

export const tools = ["send_mail", "look_up"];
export const calls = [
  { name: "send_mail", input: { to: "[EMAIL_1]", note: 'a "b" é' } },
  { name: "look_up", input: { to: "nobody" } },
];
export const inputs = [{ to: email, note: 'a "b" é' }, { to: "nobody" }];
