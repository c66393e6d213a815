import assert from "node:assert/strict";
import { email } from "./setup.mjs";
import { calls, checkPairs, losses, tools } from "./table-seen.mjs";

/** Five turns at two providers, streamed; every history has to be one that its provider takes. */
export async function agent(host, { client, target }) {
  const ask = client.open(host.url);
  const other = target === "openai" ? "anthropic" : "openai";
  const [here, there] = [`on-${target}`, `on-${other}`];
  const answer = async (made, model) =>
    ask({ model, tools, stream: true, results: made.map(({ id, name }) => ({ id, name, text: `${name} went well` })) });
  const again = [{ name: "send_mail", input: { to: "[EMAIL_1]" } }];
  host.says(
    { thinking: "Mail it.", text: "I will. ", calls },
    { text: "Done. " },
    { calls: again },
    { text: "Sent to [EMAIL_1] again." },
    { text: "Goodbye [EMAIL_1]." },
  );
  const first = await ask({ model: here, tools, text: `I am ${email}.`, stream: true });
  await answer(first.calls, here);
  const third = await ask({ model: there, tools, text: "Again.", stream: true });
  assert.deepEqual(
    third.calls.map(({ input }) => input),
    [{ to: email }],
  );
  const { texts } = await answer(third.calls, here);
  assert.deepEqual(texts, [`Sent to ${email} again.`]);
  const last = await ask({ model: there, tools, text: `Goodbye from ${email}`, stream: true });
  assert.deepEqual(last.texts, [`Goodbye ${email}.`]);
  assert.deepEqual(
    host.requests.map(({ wire }) => wire),
    [target, target, other, target, other],
  );
  for (const request of host.requests) checkPairs(request);
  const { calls: kept, results: got } = checkPairs(host.requests[4]);
  assert.deepEqual([kept.length, got.length], [3, 3]);
  assert.equal(new Set(kept.map(({ id }) => id)).size, 3);
  await checkThoughts(host, client.wire, target);
}

/** What a model thought is signed by its provider: it stays there, and everywhere else it is missing by name. */
async function checkThoughts(host, wire, target) {
  const signed = host.requests.map(({ body }) => JSON.stringify(body).includes('"signature"'));
  const lost = (await losses(host, 5)).toReversed();
  const kept = wire === "anthropic" && target === "anthropic";
  assert.deepEqual(signed, kept ? [false, true, false, true, false] : Array(5).fill(false));
  const past = kept ? ["messages[1].content[0]"] : [];
  const now = wire === "openai" && target === "anthropic" ? ["content[0]"] : [];
  assert.deepEqual(lost, [now, [], past, [], past]);
}
