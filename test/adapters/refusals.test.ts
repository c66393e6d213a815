import { describeAdapters } from "../hosts.ts";
import { asking, begin, email, saidIn, secret } from "./scene.ts";

const codeOf = (text: string): unknown => {
  const { error } = JSON.parse(text);
  return error.code;
};

describeAdapters("refusals", (host) => {
  /** What a tap cannot refuse passes, and the receipt says what would have been refused. */
  const refused = async (asked: ReturnType<typeof asking>, status: number, code: string): Promise<void> => {
    const scene = await begin(host);
    const got = await scene.call(asked);
    if (host.mutates) {
      expect([got.status, codeOf(got.text), got.broken]).toEqual([status, code, false]);
      expect(got.headers["x-should-retry"]).toBe(status === 429 || status >= 500 ? "true" : "false");
      expect(scene.requests).toHaveLength(0);
      expect(scene.receipts[0]).toMatchObject({ outcome: "refused", code, status, cost: 0n });
    } else {
      expect(got.status).toBe(200);
      expect(scene.requests).toHaveLength(1);
      expect([...(scene.receipts[0]?.observed ?? []), scene.receipts[0]?.code]).toContain(code);
    }
    await scene.finish(1);
  };

  describe.each(["openai", "anthropic"] as const)("in %s's own words", (dialect) => {
    /** Red when a credential that nobody knows passes as a caller's own. */
    it("refused key", () => refused(asking("hello", {}, dialect, "psk_nobody"), 401, "unknown_key"));
    /** Red when what a body must not hold is only counted. */
    it("blocked secret", () => refused(asking(`my key is ${secret}`, {}, dialect), 400, "secret_blocked"));
    /** Red when a name that is no alias goes to the first target. */
    it("unknown model", () => refused(asking("hello", { model: "gpt-none" }, dialect), 404, "model_not_found"));
    /** Red when what the counters deny is sent all the same. */
    it("over budget", () => refused(asking("hello ".repeat(2_000), {}, dialect, "psk_poor"), 402, "budget_exceeded"));
    /** Red when a string that cannot be edited is not looked at. */
    it("personal data where it cannot be masked", () =>
      refused(asking("hello", { tool_choice: { type: email } }, dialect), 400, "unmaskable"));
  });

  /** Red when of two equal keys one is dropped. */
  it("bad JSON, duplicate keys, a body that is none", async () => {
    const scene = await begin(host);
    const headers = asking("x").headers ?? {};
    const bodies = [
      ['{"model":"fast",', "invalid_json"],
      [`{"messages":[{"role":"user","content":"${email}","content":"hi"}],"model":"fast"}`, "duplicate_key"],
      ["", "invalid_json"],
    ] as const;
    for (const [body, code] of bodies) {
      const got = await scene.call({ url: "/v1/chat/completions", headers, body });
      if (!host.mutates) expect(scene.receipts.at(-1)?.code).toBe(code);
      else if (!host.name.includes(" after ")) expect([got.status, codeOf(got.text)]).toEqual([400, code]);
      // A parser that ran before us has refused broken JSON itself; Express' has kept the last of two equal keys, Koa's the text.
      else expect(got.status).toBe(code === "duplicate_key" && host.name.endsWith("express.json()") ? 200 : 400);
      if (host.mutates) {
        expect(got.text).not.toContain(email);
        for (const { body: sent } of scene.requests) expect(sent).not.toContain(email);
      }
    }
    await scene.close();
  });

  /** Red when a body's bound is not looked at. */
  it("oversized body", async () => {
    const scene = await begin(host, { limits: { body: "1 MB" } });
    const asked = asking("x".repeat(3 * 1_048_576));
    const got = await scene.call(asked);
    if (host.mutates) {
      expect([got.status, codeOf(got.text)]).toEqual([413, "body_too_large"]);
      expect(scene.requests).toHaveLength(0);
    } else expect(scene.receipts[0]?.code).toBe("body_too_large");
    await scene.finish(1);
  });

  /** Red when a path that no dialect knows is taken for another. */
  it("an endpoint that is not inspected is not forwarded", async () => {
    const scene = await begin(host);
    const got = await scene.call({ ...asking("hello"), url: "/v1/files" });
    if (!host.mutates) expect(got.status).toBe(200);
    else {
      // Mounted in an app, what is not ours is the app's.
      const mounted = /^(Express|Koa)/.test(host.name);
      expect(got.status).toBe(mounted ? 404 : 403);
      if (!mounted) expect(codeOf(got.text)).toBe("not_inspected");
      expect(scene.requests).toHaveLength(0);
    }
    await scene.close();
  });

  /** Red when a closed gateway lets calls in. */
  it("after close, new calls are refused while the gateway drains", async () => {
    const scene = await begin(host);
    await scene.gateway.close(10);
    const got = await scene.call(asking("hello"));
    if (host.mutates) {
      expect([got.status, codeOf(got.text)]).toEqual([503, "draining"]);
      // Not one that the closed client to the providers refused.
      expect(scene.receipts).toHaveLength(0);
    } else expect(saidIn(got.text)).toBe("hello");
    await scene.close();
  });
});
