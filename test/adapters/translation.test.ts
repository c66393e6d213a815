import { fails, says } from "../../adapters/testing.ts";
import { describeAdapters } from "../hosts.ts";
import {
  asking,
  begin,
  chunk,
  customer,
  type Dialect,
  done,
  email,
  everything,
  personal,
  role,
  saidIn,
  streams,
} from "./scene.ts";

const answer = "For [CUSTOMER_1] at [EMAIL_1].";
const restored = `For ${customer} at ${email}.`;
/** An alias whose one target speaks the other dialect. */
const across = (dialect: Dialect) => ({
  models: {
    other: {
      targets: [
        dialect === "openai"
          ? { target: "third", model: "claude-haiku-4-5" }
          : { target: "first", model: "gpt-4.1-mini" },
      ],
    },
  },
});

describeAdapters("translation", (host) => {
  if (!host.mutates) {
    it("is nothing for a host that cannot change what passes", async () => {
      const scene = await begin(host, across("anthropic"));
      scene.answer(says(answer));
      await scene.call(asking("Go on.", { model: "other" }, "anthropic"));
      expect(scene.receipts[0]?.attempts.every(({ result }) => result !== "answered" || host.mutates)).toBe(true);
      await scene.finish(1);
    });
    return;
  }

  const dialects: readonly Dialect[] = ["openai", "anthropic"];
  for (const dialect of dialects)
    describe(`of a call in ${dialect}`, () => {
      /** Red when the request goes untranslated, unmasked or unsigned, or when what comes back is not restored, priced or in the caller's dialect. */
      it.each([false, true])("to a target of the other: streamed %s", async (stream) => {
        const scene = await begin(host, across(dialect));
        scene.answer(says(answer));
        const got = await scene.call(asking(everything, { model: "other", stream }, dialect));
        expect(got.status).toBe(200);
        expect(saidIn(got.text)).toBe(restored);
        expect(got.text.includes('"choices"')).toBe(dialect === "openai");
        const [request] = scene.requests;
        expect(request?.url).toContain(dialect === "openai" ? "/first/v1/messages" : "/first/v1/chat/completions");
        expect(request?.headers[dialect === "openai" ? "x-api-key" : "authorization"]).toContain("sk-operator");
        expect(request?.body).toContain("[CUSTOMER_1], [EMAIL_1]");
        for (const value of personal) expect(request?.body).not.toContain(value);
        const [receipt] = scene.receipts;
        expect(receipt).toMatchObject({
          outcome: "answered",
          dialect: dialect === "openai" ? "openai-chat" : "anthropic-messages",
        });
        expect(receipt?.usage.final).toBe(true);
        expect(receipt?.cost).toBeGreaterThan(0n);
        await scene.finish(1);
      });

      /** Red when what cannot be carried is dropped in silence. */
      it("names what it could not carry", async () => {
        const scene = await begin(host, across(dialect));
        scene.answer(says(answer));
        const lost = dialect === "openai" ? { seed: 7 } : { top_k: 5 };
        const got = await scene.call(asking("Go on.", { model: "other", ...lost }, dialect));
        const [name] = Object.keys(lost);
        expect(got.headers["x-postern-losses"]).toContain(name);
        expect(scene.receipts[0]?.attempts[0]?.losses).toContain(name);
        await scene.finish(1);
      });

      /** Red when a target that refuses losses is called all the same. */
      it("passes over a target that refuses losses, before anything leaves", async () => {
        const losses = "refuse" as const;
        const scene = await begin(host, (url) => ({
          ...across(dialect),
          targets: {
            first: { provider: "openai", apiKey: "sk-operator", losses, baseUrl: `${url}/first/v1` },
            third: { provider: "anthropic", apiKey: "sk-operator", losses, baseUrl: `${url}/first/v1` },
          },
        }));
        scene.answer(says(answer));
        const lost = dialect === "openai" ? { seed: 7 } : { top_k: 5 };
        const got = await scene.call(asking("Go on.", { model: "other", ...lost }, dialect));
        expect(got.status).toBe(400);
        expect(got.headers["x-should-retry"]).toBe("false");
        const [name] = Object.keys(lost);
        expect(JSON.parse(got.text).error).toMatchObject({
          type: "invalid_request_error",
          code: "target_unfit",
          message: `No target can serve this request as it is. (reason=losses, losses=${name})`,
        });
        expect(scene.requests).toHaveLength(0);
        expect(scene.receipts[0]?.attempts).toMatchObject([{ result: "vetoed", reason: "losses", losses: [name] }]);
        await scene.finish(1);
      });

      /** Red when an error in a 200 is taken for an answer to translate. */
      it("of an error told with 200: an error in the caller's dialect", async () => {
        const scene = await begin(host, across(dialect));
        const error = { type: "overloaded_error", message: "Overloaded." };
        const told = JSON.stringify(dialect === "openai" ? { type: "error", error } : { error });
        scene.answer(() => ({ headers: { "content-type": "application/json" }, pieces: [told] }));
        const got = await scene.call(asking("Go on.", { model: "other" }, dialect));
        const { error: heard, ...rest } = JSON.parse(got.text);
        expect(heard.type).toEqual(expect.any(String));
        expect(rest.type).toBe(dialect === "openai" ? undefined : "error");
        expect(scene.receipts[0]?.outcome).toBe("failed");
        await scene.finish(1);
      });

      /** Red when another provider's error reaches a caller in a dialect that its SDK does not know. */
      it("of an error: status kept, words in the caller's dialect", async () => {
        const scene = await begin(host, across(dialect));
        scene.answer(fails(529));
        const got = await scene.call(asking("Go on.", { model: "other" }, dialect));
        expect(got.status).toBe(529);
        expect(JSON.parse(got.text)).toMatchObject(dialect === "openai" ? { error: {} } : { type: "error", error: {} });
        await scene.finish(1);
      });
    });

  /** Red when a failover to another provider loses the caller's stream, its values, or its money. */
  it("GPT is down and Claude answers", async () => {
    const scene = await begin(host);
    scene.answer((request, number) => (request.url.includes("/messages") ? says(answer) : fails(503))(request, number));
    const got = await scene.call(asking(everything, { stream: true }));
    if (host.takesBack) {
      expect(saidIn(got.text)).toBe(restored);
      expect(got.text.endsWith("data: [DONE]\n\n")).toBe(true);
      expect(got.headers["x-postern-target"]).toBe("third");
      expect(scene.receipts[0]?.attempts.map(({ target }) => target)).toEqual(["first", "second", "third"]);
    } else {
      expect(got.status).toBe(503);
      expect(scene.requests).toHaveLength(1);
    }
    await scene.finish(1);
  });
});

describeAdapters("several choices", (host) => {
  const both = { model: "plain", n: 2, stream: true };
  const second = (text: string, finish: string | null = null) => chunk(text === "" ? {} : { content: text }, finish, 1);

  /** Red when the first choice that ends makes a broken stream look whole. */
  it("a stream that breaks before every choice has ended is broken", async () => {
    const scene = await begin(host);
    scene.answer(streams([role, chunk({ content: "One." }), second("Tw"), chunk({}, "stop")]));
    const got = await scene.call(asking("Go on.", both));
    if (host.mutates) expect(got.text).toContain("upstream_broken");
    expect(scene.receipts[0]?.outcome).toBe("failed");
    await scene.finish(1);
  });

  /** Red when a server that gives fewer choices than were asked for is taken for broken. */
  it("one that its server ends itself is whole", async () => {
    const scene = await begin(host);
    scene.answer(streams([role, chunk({ content: "One." }), ...done]));
    const got = await scene.call(asking("Go on.", both));
    expect(got.text).not.toContain("upstream_broken");
    expect(scene.receipts[0]?.outcome).toBe("answered");
    await scene.finish(1);
  });

  const told = { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 };
  const ends = (index: number, usage?: object) =>
    `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "gpt-4.1-mini", choices: [{ index, delta: {}, finish_reason: "stop" }], ...(usage && { usage }) })}\n\n`;

  /** Red when usage that comes with the first choice's end lets the others flow on without money. */
  it("are cut where the money ends, whatever usage the first of them told", async () => {
    const scene = await begin(host);
    const words = Array.from({ length: 60 }, () => second("a hundred bytes ".repeat(7)));
    scene.answer(streams([role, chunk({ content: "One." }), ends(0, told), ...words, ends(1), "data: [DONE]\n\n"]));
    const got = await scene.call(asking("Go on.", { ...both, max_tokens: 64_000 }, "openai", "psk_poor"));
    const [receipt] = scene.receipts;
    if (host.mutates) expect(got.text).toContain("budget_exceeded");
    expect(receipt).toMatchObject({ outcome: host.mutates ? "cut" : "answered", usage: { final: false } });
    await scene.finish(1);
  });

  /** Red when such usage is taken for all, or the usage of all for that of one. */
  it.each([
    ["with the last of them", [ends(0), ends(1, told)], true],
    ["behind them", [ends(0), ends(1), `data: ${JSON.stringify({ choices: [], usage: told })}\n\n`], true],
    ["for fewer than were asked for", [ends(0, told)], true],
    ["before the last of them", [ends(0, told), second("Two."), ends(1)], false],
  ])("tell their usage %s", async (_, last, final) => {
    const scene = await begin(host);
    scene.answer(streams([role, chunk({ content: "One." }), ...last, "data: [DONE]\n\n"]));
    await scene.call(asking("Go on.", both));
    expect(scene.receipts[0]).toMatchObject({ outcome: "answered", usage: { final, input: 9, output: 2 } });
    await scene.finish(1);
  });
});
