// What is asked and what has to come of it, whoever asks and whoever answers. A cell returns its fate where that is not simply "it works".
import assert from "node:assert/strict";
import { email } from "./setup.mjs";
import { agent } from "./table-agent.mjs";
import { startTable } from "./table-provider.mjs";
import { blocksIn, calls, checkPairs, inputs, losses, tools } from "./table-seen.mjs";

const greeting = `I am ${email}.`;
const hello = { text: "Hello [EMAIL_1], hello." };
const restored = `Hello ${email}, hello.`;
const refused = "×";
const unasked = "–";

const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const schema = {
  type: "object",
  properties: { to: { type: "string" }, count: { type: "number" } },
  required: ["to", "count"],
  additionalProperties: false,
};

const text =
  (stream) =>
  async (host, { client, model, target, foreign }) => {
    host.says(hello);
    const { texts } = await client.open(host.url)({ model, text: greeting, stream });
    assert.deepEqual(texts, [restored]);
    const [{ wire, body }] = host.requests;
    assert.equal(wire, target);
    assert.match(JSON.stringify(body.messages), /I am \[EMAIL_1\]\./);
    assert.equal(body.stream === true, stream);
    if (foreign) assert.deepEqual(await losses(host), [[]]);
  };

async function choices(host, { client, model, target }) {
  if (!client.choices) return unasked;
  host.says({ text: "Hello [EMAIL_1] " });
  const asked = client.open(host.url)({ model, text: greeting, choices: 3 });
  if (target === "openai") {
    const { texts } = await asked;
    assert.deepEqual(
      texts,
      ["", 1, 2].map((index) => `Hello ${email} ${index}`),
    );
    return undefined;
  }
  await assert.rejects(asked, (error) => {
    assert.equal(error.status, 400);
    assert.match(error.message, /untranslatable_choices/);
    return true;
  });
  assert.equal(host.requests.length, 0);
  return refused;
}

const parallel =
  (stream) =>
  async (host, { client, model }) => {
    host.says({ text: "Both. ", calls });
    const { calls: made } = await client.open(host.url)({ model, text: greeting, tools, stream });
    assert.deepEqual(
      made.map(({ name, input }) => ({ name, input })),
      tools.map((name, index) => ({ name, input: inputs[index] })),
    );
    assert.notEqual(made[0].id, made[1].id);
  };

async function results(host, { client, model, target }) {
  const ask = client.open(host.url);
  host.says({ calls }, hello);
  const { calls: made } = await ask({ model, text: greeting, tools });
  const told = made.toReversed().map(({ id, name }) => ({ id, name, text: `${name}: ${email}` }));
  const { texts } = await ask({ model, tools, results: told });
  assert.deepEqual(texts, [restored]);
  const { calls: kept, results: got } = checkPairs(host.requests[1]);
  assert.deepEqual(
    kept.map(({ input }) => input),
    calls.map(({ input }) => input),
  );
  for (const { id, text: said } of got) {
    assert.equal(said, `${kept.find((call) => call.id === id).name}: [EMAIL_1]`);
  }
  assert.equal(host.requests[1].wire, target);
}

async function image(host, { client, model, target, foreign }) {
  host.says(hello);
  const imageUrl = "https://images.example.com/one.png";
  const { texts } = await client.open(host.url)({ model, text: greeting, image: pixel, imageUrl });
  assert.deepEqual(texts, [restored]);
  const [{ body }] = host.requests;
  if (target === "openai") {
    assert.deepEqual(
      blocksIn(body, "image_url").map(({ image_url: { url } }) => url),
      [`data:image/png;base64,${pixel}`, imageUrl],
    );
  } else {
    assert.deepEqual(
      blocksIn(body, "image").map(({ source }) => source),
      [
        { type: "base64", media_type: "image/png", data: pixel },
        { type: "url", url: imageUrl },
      ],
    );
  }
  if (foreign) assert.deepEqual(await losses(host), [[]]);
}

async function json(host, { client, model, target }) {
  host.says({ text: JSON.stringify({ to: "[EMAIL_1]", count: 3 }) });
  const { value } = await client.open(host.url)({ model, text: greeting, schema });
  assert.deepEqual(value, { to: email, count: 3 });
  const [{ body }] = host.requests;
  const asked = target === "openai" ? body.response_format.json_schema : body.output_config.format;
  assert.deepEqual(asked.schema.properties, schema.properties);
  if (target === "openai") assert.equal(asked.strict, true);
}

const failures = [
  {
    status: 429,
    headers: { "retry-after": "60" },
    openai: { message: "slow down, [EMAIL_1]", type: "rate_limit_error", code: "rate_limit_exceeded" },
    anthropic: { message: "slow down, [EMAIL_1]", type: "rate_limit_error" },
  },
  {
    status: 400,
    openai: { message: "too long, [EMAIL_1]", type: "invalid_request_error", code: "context_length_exceeded" },
    anthropic: { message: "prompt is too long, [EMAIL_1]", type: "invalid_request_error" },
  },
  {
    status: 500,
    openai: { message: "oh no, [EMAIL_1]", type: "server_error", code: null },
    anthropic: { message: "oh no, [EMAIL_1]", type: "api_error" },
  },
];

const retryAfter = ({ headers }) => headers?.["retry-after"] ?? null;

/** A host of its own for each, since a target that fails is left alone for a while. */
async function errors(_host, { client, model }) {
  for (const error of failures) {
    const host = await startTable();
    try {
      host.says({ error }, { error }, { error }, { error }, { error });
      await assert.rejects(client.open(host.url)({ model, text: greeting }), (thrown) => {
        assert.equal(thrown.status ?? thrown.statusCode, error.status);
        const headers = new Headers(thrown.headers ?? thrown.responseHeaders);
        if (thrown.headers ?? thrown.responseHeaders) assert.equal(headers.get("retry-after"), retryAfter(error));
        assert.match(thrown.message, new RegExp(`, ${email}`));
        return true;
      });
    } finally {
      await host.close();
    }
  }
}

const usage =
  (stream) =>
  async (host, { client, model }) => {
    host.says(hello);
    const { usage: told } = await client.open(host.url)({ model, text: greeting, stream });
    assert.deepEqual(told, { input: 100, output: 20, cached: 40 });
    const [{ receipt }] = await host.gateway.records(1);
    const { input, output, cacheRead, final } = receipt.usage;
    assert.deepEqual({ input, output, cacheRead, final }, { input: 100, output: 20, cacheRead: 40, final: true });
  };

export const cases = [
  { name: "text", run: text(false) },
  { name: "stream", run: text(true) },
  { name: "several choices", run: choices },
  { name: "parallel tools", run: parallel(false) },
  { name: "parallel tools, streamed", run: parallel(true) },
  { name: "tool results", run: results },
  { name: "five turns, two providers", run: agent },
  { name: "image", run: image },
  { name: "JSON schema", run: json },
  { name: "errors", run: errors },
  { name: "usage", run: usage(false) },
  { name: "usage, streamed", run: usage(true) },
];
