import { fails, inTurn, type Script, says } from "../../adapters/testing.ts";
import { broken, careless, chat, chatUrl, echo, email, origin, type Path, secret } from "./sinks-scene.ts";

const streamed =
  (pieces: readonly string[], ends: "whole" | "reset" | "silent" = "whole"): Script =>
  () => ({ headers: { "content-type": "text/event-stream" }, pieces, ends });
const whole =
  (body: string, status = 200): Script =>
  () => ({ status, headers: { "content-type": "application/json", "x-request-id": email }, pieces: [body] });
const chunk = (content: string, fields: object = {}): string =>
  `data: ${JSON.stringify({ id: email, object: "chat.completion.chunk", created: 1, model: email, choices: [{ index: 0, delta: { content, ...fields }, finish_reason: null }] })}\n\n`;
const error = JSON.stringify({ error: { message: `no ${email}`, type: secret, code: email, param: secret } });
const inBand = `data: ${error}\n\n`;
const stream = { stream: true };
const call = (args: string) => ({ id: "c", type: "function", function: { name: "mail", arguments: args } });

/** Where a value of the caller's stands, or what breaks around it → the call. */
export const paths: Readonly<Record<string, Path>> = {
  "a text": { body: chat(`I am ${email}`), script: echo, outcome: "answered", toCaller: true },
  "a streamed text": { body: chat(`I am ${email}`, stream), script: echo, outcome: "answered", toCaller: true },
  "a tool's description": {
    body: chat("hello", { tools: [{ type: "function", function: { name: "mail", description: email } }] }),
    script: echo,
    outcome: "answered",
    toCaller: true,
  },
  "arguments of a tool call": {
    body: chat("", { messages: [{ role: "assistant", tool_calls: [call(JSON.stringify({ to: email }))] }] }),
    script: echo,
    outcome: "answered",
    toCaller: true,
  },
  "an e-mail that the model made up": {
    body: chat("hello"),
    script: says(`Write to ${email}, the key is ${secret}`),
    outcome: "answered",
    toCaller: true,
  },
  "one that it made up piece by piece": {
    body: chat("hello", stream),
    script: says(`Write to ${email}, the key is ${secret}`),
    outcome: "answered",
    toCaller: true,
  },
  "one across the end of what a record keeps": {
    body: chat("hello"),
    script: says(`${"x ".repeat(32_757)}${email}`),
    outcome: "answered",
    toCaller: true,
  },
  "one in arguments that the model wrote": {
    body: chat("hello", stream),
    script: streamed([
      chunk("", { tool_calls: [{ index: 0, ...call(`{"to":"${email.slice(0, 9)}`) }] }),
      chunk("", { tool_calls: [{ index: 0, function: { arguments: `${email.slice(9).replace("@", "\\u0040")}"}` } }] }),
      `data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}\n\ndata: [DONE]\n\n`,
    ]),
    outcome: "answered",
    toCaller: true,
  },
  "a key of the answer": {
    body: chat("hello"),
    script: whole(
      JSON.stringify({
        choices: [{ index: 0, message: { content: "well", [email]: { [secret]: "x" } }, finish_reason: "stop" }],
      }),
    ),
    outcome: "answered",
    toCaller: true,
  },
  "the model that the answer names": {
    body: chat("hello"),
    script: whole(JSON.stringify({ model: secret, service_tier: email, choices: [{ message: { content: "well" } }] })),
    outcome: "answered",
    toCaller: true,
  },
  "a blocked secret": { body: chat(`my key is ${secret}`), outcome: "refused" },
  "a model's name": { body: chat("hello", { model: email }), outcome: "refused" },
  "a key of the body": { body: chat("hello", { [email]: 1 }), outcome: "refused" },
  "broken JSON": { body: `{"model":"fast","messages":"${email} ${secret}`, outcome: "refused" },
  "a wrong type": { body: chat("hello", { n: email }), outcome: "refused" },
  "an attribution header": { body: chat("hello"), headers: { "x-postern-customer": email }, outcome: "refused" },
  "an attribute that is not allowed": { body: chat("hello"), headers: { "x-postern-team": email }, outcome: "refused" },
  "a header that passes": { body: chat("hello"), headers: { "openai-beta": secret }, outcome: "refused" },
  "a content type": { body: chat("hello"), headers: { "content-type": `text/${email}` }, outcome: "refused" },
  "a trace": { body: chat("hello"), headers: { traceparent: email, tracestate: `a=${email}` }, outcome: "answered" },
  "a query": { body: chat("hello"), url: `${chatUrl}?user=${encodeURIComponent(email)}`, outcome: "refused" },
  "a query that cannot be read": { body: chat("hello"), url: `${chatUrl}?a=%E2&user=${email}`, outcome: "refused" },
  "a model in the path": { url: `${origin}/v1/models/${encodeURIComponent(email)}`, outcome: "refused" },
  "a credential": { body: chat("hello"), headers: { authorization: `Bearer ${secret}` }, outcome: "refused" },
  "a key in the query": { body: chat("hello"), url: `${chatUrl}?key=${secret}`, outcome: "refused" },
  "a provider's error": { body: chat(`I am ${email}`), script: whole(error, 400), outcome: "failed", toCaller: true },
  "a provider's error that is no JSON": {
    body: chat(`I am ${email}`),
    script: () => ({ status: 500, headers: { "content-type": "text/html" }, pieces: [`<h1>${email} ${secret}</h1>`] }),
    outcome: "failed",
    toCaller: true,
  },
  "an error about our own key": { body: chat(`I am ${email}`), script: whole(error, 401), outcome: "failed" },
  "a call that failed over": {
    body: chat(`I am ${email}`),
    script: inTurn(whole(error, 503), whole(error.replace("no", "not"), 529), echo),
    config: { routing: { failures: 9 } },
    outcome: ["answered", "failed"],
    attempts: 2,
    toCaller: true,
  },
  "a target that cannot be reached": {
    body: chat(`I am ${email}`),
    script: () => ({ ends: "unreachable" }),
    outcome: "failed",
    attempts: 2,
  },
  "an in-band error before content": { body: chat("hello", stream), script: streamed([inBand]), outcome: "failed" },
  "an in-band error after content": {
    body: chat("hello", stream),
    script: streamed([chunk("a word"), inBand]),
    outcome: "failed",
    toCaller: true,
  },
  "a stream that breaks off": {
    body: chat(`I am ${email}`, stream),
    script: streamed([chunk(`${secret} [EMAIL_1] [EMA`)], "reset"),
    outcome: "failed",
    toCaller: true,
  },
  "a stream that ends too early": {
    body: chat(`I am ${email}`, stream),
    script: streamed([chunk(`${email} [EMAIL_1]`)]),
    outcome: "failed",
    toCaller: true,
  },
  "a whole answer that breaks off": {
    body: chat(`I am ${email}`),
    script: () => ({
      headers: { "content-type": "application/json" },
      pieces: [`{"choices": "${email}`],
      ends: "reset",
    }),
    outcome: "failed",
  },
  "a whole answer that is no JSON": { body: chat("hello"), script: whole(`${email} ${secret}`), outcome: "failed" },
  "events that are no JSON": {
    body: chat("hello", stream),
    script: streamed([`data: {"choices": ${email}\n\n`, `event: ${secret}\nid: ${email}\n\n`]),
    outcome: "failed",
  },
  "a type of answer that nobody knows": {
    body: chat("hello"),
    script: () => ({ headers: { "content-type": email }, pieces: [secret] }),
    outcome: "failed",
  },
  "a redirect": {
    body: chat("hello"),
    script: () => ({ status: 302, headers: { location: `https://${email}/` } }),
    outcome: "failed",
  },
  "an upstream that throws": {
    body: chat(`I am ${email}`),
    script: () => {
      throw new Error(`cannot reach ${email}\n    at ${secret}`);
    },
    outcome: ["failed", "aborted", "refused"],
  },
  "an upstream that throws in the middle": {
    body: chat(`I am ${email}`, stream),
    script: () => ({
      headers: { "content-type": "text/event-stream" },
      pieces: (async function* () {
        yield chunk("a word");
        throw new Error(`lost ${email}\n    at ${secret}`);
      })() as unknown as readonly string[],
    }),
    outcome: "failed",
    toCaller: true,
  },
  "a caller who leaves": {
    body: chat(`I am ${email}`, stream),
    script: streamed([chunk("a word"), chunk(`${email} [EMAIL_1] [EMA`)], "silent"),
    leavesAfter: 1,
    outcome: "aborted",
    toCaller: true,
  },
  "a stream that the budget cuts": {
    body: chat(`I am ${email}`, { ...stream, model: "plain", max_tokens: 64_000 }),
    headers: { authorization: "Bearer psk_poor" },
    script: says(`${email} ${"word ".repeat(10_000)}`),
    outcome: "cut",
    toCaller: true,
  },
  "a budget that does not cover it": {
    body: chat(`I am ${email} ${"word ".repeat(20_000)}`),
    headers: { authorization: "Bearer psk_poor" },
    outcome: "refused",
  },
  "a store of money that fails": { body: chat(`I am ${email}`), stores: () => broken("counters"), outcome: "refused" },
  "a ledger that fails": { body: chat(`I am ${email}`), stores: () => broken("ledger"), outcome: "refused" },
  "a step that throws at the head": { body: chat(`I am ${email}`), step: careless("head"), outcome: "refused" },
  "a step that throws at the body": { body: chat(`I am ${email}`), step: careless("request"), outcome: "refused" },
  "a step that throws at an attempt": {
    body: chat(`I am ${email}`),
    step: careless("attempt"),
    outcome: ["refused", "failed"],
  },
  "a step that throws when it settles": {
    body: chat(`I am ${email}`),
    step: careless("settle"),
    outcome: "answered",
    toCaller: true,
  },
  "a 503 without a word": { body: chat(`I am ${email}`), script: fails(503), outcome: "failed" },
};

/** What passes when observing, or where the operator lets it pass: it has to be nowhere but at the provider. */
export const passing: Readonly<Record<string, Path>> = {
  "a text": { body: chat(`I am ${email}`), script: echo, outcome: "answered", toCaller: true },
  "a secret": { body: chat(`my key is ${secret}`, stream), script: echo, outcome: "answered", toCaller: true },
  "a model's name": {
    body: chat("hello", { model: email }),
    config: { models: {}, budgets: [] },
    script: echo,
    outcome: "answered",
    toCaller: true,
  },
  "an attribute": {
    body: chat("hello"),
    headers: { "x-postern-customer": email, "x-postern-feature": `of ${email}` },
    outcome: "answered",
    toCaller: true,
  },
  "a key of the body": {
    body: chat("hello", { [email]: { [`${email}!`]: email } }),
    outcome: "answered",
    toCaller: true,
  },
  "a query": {
    body: chat("hello"),
    url: `${chatUrl}?user=${encodeURIComponent(email)}`,
    outcome: "answered",
    toCaller: true,
  },
  "escaped arguments of a tool call": {
    body: chat("", {
      messages: [{ role: "assistant", tool_calls: [call(`{"to":"${email.replace("@", "\\u0040")}"}`)] }],
    }),
    script: echo,
    outcome: "answered",
    toCaller: true,
  },
  "a placeholder that nobody gave": {
    body: chat(`I am ${email}`, { model: email }),
    config: { models: {}, budgets: [] },
    script: says("You are [EMAIL_7]"),
    outcome: "answered",
    toCaller: true,
  },
};
