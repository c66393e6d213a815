import { fails, inTurn, says } from "../../adapters/testing.ts";
import { Refusal } from "../../src/errors.ts";
import type { OwnStep } from "../../src/index.ts";
import { byTarget, chunk, email, role, streams, until } from "../adapters/scene.ts";
import { describeRealEnvoy } from "../doubles/real-envoy.ts";
import { openai, speakers, whole } from "./asking.ts";
import { upload } from "./http.ts";
import { beginOnEnvoy, clients, type EnvoyScene } from "./scene.ts";

const poorAtTheHead: OwnStep = {
  after: "access",
  step: {
    name: "poor",
    open: ({ head }) => ({
      head() {
        if (head.headers["x-poor"] !== undefined) throw new Refusal("budget_exceeded");
      },
    }),
  },
};
const mebibyte = 1_048_576;
const large = 64 * mebibyte;

describeRealEnvoy("what goes wrong", (line) => {
  describe.each(["terminate", "transform"] as const)("in %s", (mode) => {
    let scene: EnvoyScene;
    beforeEach(async () => {
      const config = { routing: { failures: 100, deadline: "20s" }, limits: { body: "4MB" } };
      scene = await beginOnEnvoy({ line, mode, config, options: { steps: [poorAtTheHead] } });
    });
    afterEach(() => scene.close());

    it.each(speakers.map((each) => [each.name, each] as const))(
      "%s sees a provider's error",
      async (_name, speaker) => {
        scene.provider.answer(fails(500));
        await expect(speaker.ask(scene, "hello")).rejects.toMatchObject({ status: 500 });
        await expect(whole(speaker.stream(scene, "hello"))).rejects.toMatchObject({ status: 500 });
        scene.provider.answer(fails(429, { "retry-after": "3600" }));
        await expect(speaker.ask(scene, "hello")).rejects.toMatchObject({ status: 429 });
      },
    );

    it.each([503, 429])("after a %d the next target answers, in transform from the next call on", async (status) => {
      scene.provider.answer(byTarget(fails(status, { "retry-after": "3600" }), says("Second here, [EMAIL_1].")));
      const asked = () => whole(openai.stream(scene, `I am ${email}`));
      if (mode === "transform") await expect(asked()).rejects.toMatchObject({ status });
      expect(await asked()).toBe(`Second here, ${email}.`);
    });

    it.each([
      ["401", { authorization: "Bearer psk_nobody" }, "unknown_key"],
      ["402", { "x-poor": "yes" }, "budget_exceeded"],
      ["413", { "content-length": String(large + 200) }, "body_too_large"],
    ])("a %s comes while the body is still being sent", async (status, headers: Record<string, string>, code) => {
      const before = scene.provider.requests.length;
      const answer = await upload(scene.envoy.url, large, headers);
      expect([answer.status, JSON.parse(answer.text).error.code]).toEqual([Number(status), code]);
      expect(answer.sent).toBeLessThan(large);
      expect(scene.provider.requests).toHaveLength(before);
    });

    it("a body that grows over the limit is refused while it grows", async () => {
      const answer = await upload(scene.envoy.url, large, { "transfer-encoding": "chunked" });
      expect(answer.status).toBe(413);
      expect(answer.sent).toBeLessThan(large);
      expect(scene.provider.requests.some(({ body }) => body.length > mebibyte)).toBe(false);
    });

    /** Red when the stream just breaks off, or the provider goes on. */
    it("a budget cuts a running stream with an error in the caller's dialect", async () => {
      const forever = async function* () {
        yield role;
        for (let words = 0; words < 100_000; words++) yield chunk({ content: "word and another ".repeat(20) });
      };
      scene.provider.answer(inTurn(streams(forever())));
      const poor = clients(scene.envoy.url, "psk_poor").openai;
      let text = "";
      const read = async () => {
        const messages = [{ role: "user" as const, content: "Go on." }];
        for await (const each of await poor.chat.completions.create({ model: "plain", messages, stream: true }))
          text += each.choices[0]?.delta.content ?? "";
      };
      await expect(read()).rejects.toMatchObject({ code: "budget_exceeded" });
      expect(text).toContain("word and another");
      await until(() => scene.provider.requests.at(-1)?.signal.aborted === true);
      await until(() => scene.receipts.at(-1)?.code === "budget_exceeded");
    });
  });
});
