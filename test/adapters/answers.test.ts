import { readFileSync } from "node:fs";
import { echoes, says } from "../../adapters/testing.ts";
import { describeAdapters } from "../hosts.ts";
import {
  asking,
  awkward,
  begin,
  chunk,
  done,
  email,
  eventsOf,
  everything,
  hello,
  iban,
  masked,
  personal,
  role,
  saidIn,
  secret,
  streams,
} from "./scene.ts";

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url));

/** What an event adds to the arguments of a tool call. */
function argumentIn(event: object): string {
  const { choices } = event as { choices?: { delta?: { tool_calls?: { function: { arguments: string } }[] } }[] };
  return choices?.[0]?.delta?.tool_calls?.[0]?.function.arguments ?? "";
}

describeAdapters("answers", (host) => {
  /** Red when a call is not relayed, or leaves with other bytes than it came with. */
  it("plain: what no step changed leaves byte for byte", async () => {
    const scene = await begin(host);
    // What `JSON.stringify` would write in another way: spaces, an escape, a number too big, a key that is a number.
    const fields = '"seed": 12345678901234567890, "top_p": 1.0, "zeta": [ 1, {"b":null, "2":-0.0} ]';
    const messages = '[{"role":"user","content":"Hello, 世界 \\u00e9"}]';
    const body = `{ "model":"fast",\n "max_tokens":400, ${fields}, "messages":${messages} }`;
    const got = await scene.call({ ...asking(""), body });
    expect([got.status, got.broken, saidIn(got.text)]).toEqual([200, false, "Hello, 世界 \u00e9"]);
    // A parser that ran before us has forgotten how it was written.
    const came = host.name.endsWith("after express.json()") ? JSON.stringify(JSON.parse(body)) : body;
    const sent = host.mutates ? came.replace('"fast"', '"gpt-5-mini"') : came;
    expect(scene.requests.map((request) => request.body)).toEqual([sent]);
    expect(scene.receipts[0]).toMatchObject({ outcome: "answered", status: 200, target: "first", findings: [] });
    expect(scene.receipts[0]?.cost).toBeGreaterThan(0n);
    if (host.mutates) expect(got.headers["x-postern-call-id"]).toBe(scene.receipts[0]?.id);
    await scene.finish(1);
  });

  /** Red when an answer waits for its end before it is passed on. */
  it.each(["openai", "anthropic"] as const)("streamed: in the order it comes, in %s's framing", async (dialect) => {
    const scene = await begin(host);
    scene.answer(says("One, two, three, four."));
    const pieces: string[] = [];
    const got = await scene.call({
      ...asking("Count.", { stream: true }, dialect),
      onPiece: (piece) => pieces.push(piece),
    });
    expect(saidIn(got.text)).toBe("One, two, three, four.");
    // A real proxy may join what comes at once.
    if (!host.name.startsWith("Envoy (real)")) expect(pieces.length).toBeGreaterThan(1);
    expect(got.headers["content-type"]).toMatch(/^text\/event-stream/);
    if (dialect === "openai") expect(got.text.endsWith("data: [DONE]\n\n")).toBe(true);
    expect(scene.receipts[0]).toMatchObject({ outcome: "answered", stream: true });
    // A host that cannot change the request cannot ask for usage that the caller did not ask for.
    if (host.mutates || dialect === "anthropic") expect(scene.receipts[0]?.usage.output).toBeGreaterThan(0);
    await scene.finish(1);
  });

  /** Red when a value is not masked, or a placeholder cut between two events is not restored. */
  describe.each([
    ["openai", true],
    ["openai", false],
    ["anthropic", true],
    ["anthropic", false],
  ] as const)("redacted, %s, streamed: %s", (dialect, stream) => {
    it("the provider sees placeholders, the caller its own values", async () => {
      const scene = await begin(host);
      scene.answer(echoes);
      const got = await scene.call(asking(everything, { stream }, dialect));
      expect(saidIn(got.text)).toBe(everything);
      const sent = scene.requests[0]?.body ?? "";
      expect(sent).toContain(host.mutates ? masked : everything);
      if (host.mutates) for (const value of personal) expect(sent).not.toContain(value);
      expect(scene.receipts[0]?.findings.map(({ type }) => type).sort()).toEqual([
        "CREDIT_CARD",
        "CUSTOMER",
        "EMAIL",
        "IBAN",
        "PHONE",
      ]);
      await scene.finish(1);
    });
  });

  /** Red when tool-call arguments are not restored, or not escaped for the JSON that they stand in. */
  it("tools: arguments are restored within their JSON, streamed and whole, parallel", async () => {
    // What was recorded is one provider's wire.
    const claude = { targets: [{ target: "third", model: "claude-haiku-4-5" }] };
    const scene = await begin(host, {
      models: { claude, fast: { targets: [{ target: "first", model: "gpt-5-mini" }] } },
    });
    const recorded = fixture("anthropic-messages/parallel-tools.sse");
    scene.answer(streams([recorded.subarray(0, 1_777), recorded.subarray(1_777)]));
    const got = await scene.call(asking(`I am ${email}`, { stream: true, model: "claude" }, "anthropic"));
    const json = eventsOf(got.text).map(
      (event) => (event as { delta?: { partial_json?: string } }).delta?.partial_json ?? "",
    );
    const value = host.mutates ? email : "[EMAIL_1]";
    expect(json.join("")).toContain(`{"email": "${value}", "note": "a \\"b\\" \\u00e9"}`);

    scene.answer(() => ({
      headers: { "content-type": "application/json" },
      pieces: [fixture("openai-chat/tools.json")],
    }));
    const whole = JSON.parse((await scene.call(asking(`I am ${email}`))).text);
    expect(JSON.parse(whole.choices[0].message.tool_calls[0].function.arguments)).toEqual({ to: value });

    const call = (argument: string) => chunk({ tool_calls: [{ index: 0, function: { arguments: argument } }] });
    scene.answer(
      streams([role, call('{"name":"[CUSTO'), call('MER_1]"}'), chunk({}, "tool_calls"), "data: [DONE]\n\n"]),
    );
    const cut = eventsOf((await scene.call(asking(`I am ${awkward}`, { stream: true }))).text).map(argumentIn);
    expect(JSON.parse(cut.join(""))).toEqual({ name: host.mutates ? awkward : "[CUSTOMER_1]" });
    await scene.finish(3);
  });

  /** Red when the choices share one channel. */
  it("several choices: each restores its own text", async () => {
    const scene = await begin(host);
    const pieces = [0, 1].flatMap((index) => [chunk({ role: "assistant", content: `${index} [EM` }, null, index)]);
    const rest = [1, 0].flatMap((index) => [
      chunk({ content: `AIL_1] ${index}` }, null, index),
      chunk({}, "stop", index),
    ]);
    scene.answer(streams([...pieces, ...rest, "data: [DONE]\n\n"]));
    const got = await scene.call(asking(`I am ${email}`, { stream: true, n: 2 }));
    const said = ["", ""];
    for (const { choices } of eventsOf(got.text)) {
      for (const choice of choices ?? [])
        said[(choice as unknown as { index: number }).index] += choice.delta?.content ?? "";
    }
    const value = host.mutates ? email : "[EMAIL_1]";
    expect(said).toEqual([`0 ${value} 0`, `1 ${value} 1`]);
    await scene.finish(1);
  });

  /** Red when an answer's text is taken for prose though the caller asked for JSON: then a value's quotes end the caller's string. */
  it.each([
    ["openai", true],
    ["openai", false],
    ["anthropic", true],
    ["anthropic", false],
  ] as const)("structured output stays JSON: %s, streamed: %s", async (dialect, stream) => {
    const scene = await begin(host);
    scene.answer(says('{"name":"[CUSTOMER_1]"}'));
    const format = { type: "json_schema", schema: {}, json_schema: { name: "n", schema: {} } };
    const asked = dialect === "openai" ? { response_format: format } : { output_config: { format } };
    const got = await scene.call(asking(`Who is ${awkward}?`, { stream, ...asked }, dialect));
    expect(JSON.parse(saidIn(got.text))).toEqual({ name: host.mutates ? awkward : "[CUSTOMER_1]" });
    await scene.finish(1);
  });

  /** Red when what is compressed is not decoded as it comes. */
  it("gzip upstream: decoded, restored, piece by piece", async () => {
    const scene = await begin(host);
    const compressed = host.name === "postern/testing" ? {} : { "content-encoding": "gzip" };
    scene.answer(
      streams([role, chunk({ content: "You are [EMA" }), chunk({ content: "IL_1]" }), ...done], "whole", compressed),
    );
    const got = await scene.call(asking(`I am ${email}`, { stream: true }));
    // What a tap does not carry itself passes as it came.
    const passed = !host.mutates && got.headers["content-encoding"] === "gzip";
    if (!passed) expect(saidIn(got.text)).toBe(`You are ${host.mutates ? email : "[EMAIL_1]"}`);
    if (host.mutates) expect(got.headers["content-encoding"]).toBeUndefined();
    expect(scene.receipts[0]?.outcome).toBe("answered");
    await scene.finish(1);
  });

  /** Red when observing edits, refuses, or does not say what it would have refused. */
  it("observe: nothing is edited or refused, everything is recorded", async () => {
    const scene = await begin(host, { mode: "observe" });
    scene.answer(echoes);
    const asked = asking(`I am ${email}, ${secret}`, {}, "openai", "psk_poor");
    const got = await scene.call(asked);
    expect(saidIn(got.text)).toBe(`I am ${email}, ${secret}`);
    const sent = host.mutates ? asked.body?.replace('"fast"', '"gpt-5-mini"') : asked.body;
    expect(scene.requests.map(({ body }) => body)).toEqual([sent]);
    expect(scene.receipts[0]).toMatchObject({
      outcome: "answered",
      observed: ["secret_blocked"],
    });
    expect(scene.receipts[0]?.findings).toContainEqual({ type: "EMAIL", action: "masked", count: 1 });
    expect(scene.receipts[0]?.usage.output).toBeGreaterThan(0);
    await scene.finish(1);
  });

  /** Red when a count is taken for a model's answer. */
  it("count_tokens: redacted, free of charge", async () => {
    const scene = await begin(host);
    scene.answer(() => ({ headers: { "content-type": "application/json" }, pieces: ['{"input_tokens":14}'] }));
    const got = await scene.call({ ...asking(`IBAN ${iban}`, {}, "anthropic"), url: "/v1/messages/count_tokens" });
    expect(got.text).toBe('{"input_tokens":14}');
    expect(scene.requests[0]?.url).toMatch(/\/v1\/messages\/count_tokens$/);
    if (host.mutates) expect(scene.requests[0]?.body).toContain("IBAN [IBAN_1]");
    expect(scene.receipts[0]?.cost).toBe(0n);
    await scene.finish(1);
  });

  /** Red when an alias hides that the model behind it bills tokens that do not flow. */
  it("a reasoning model behind an alias: its hidden tokens are reserved and clamped, streamed too", async () => {
    if (!host.mutates) return;
    const scene = await begin(host, { budgets: [{ scope: { team: "search" }, limit: "$0.50", window: "total" }] });
    await scene.call(asking("Think.", { stream: true, max_tokens: 128_000 }));
    expect(JSON.parse(scene.requests[0]?.body ?? "").max_tokens).toBeLessThan(128_000);
    await scene.finish(1);
  });

  /** Red when an alias is left out of the list of a dialect that its targets are translated for. */
  it("models: what the key may ask for, in the caller's dialect", async () => {
    const scene = await begin(host);
    scene.answer(hello);
    const headers = { authorization: "Bearer psk_web" };
    if (!host.mutates) return scene.finish(0);
    const openai = await scene.call({ method: "GET", url: "/v1/models", headers });
    expect(JSON.parse(openai.text)).toMatchObject({
      object: "list",
      data: [
        { id: "plain", object: "model" },
        { id: "claude", object: "model" },
        { id: "fast", object: "model" },
      ],
    });
    const anthropic = await scene.call({
      method: "GET",
      url: "/v1/models",
      headers: { ...headers, "anthropic-version": "2023-06-01" },
    });
    expect(JSON.parse(anthropic.text)).toMatchObject({
      data: [
        { id: "plain", type: "model" },
        { id: "claude", type: "model" },
        { id: "fast", type: "model" },
      ],
      has_more: false,
    });
    expect(scene.requests).toHaveLength(0);
    await scene.finish(2);
  });
});
