import { says } from "../../adapters/testing.ts";
import { email, everything, masked, personal, streams, until } from "../adapters/scene.ts";
import { gate } from "../doubles/gate.ts";
import { describeRealEnvoy } from "../doubles/real-envoy.ts";
import { openai, type Speaker, speakers, whole } from "./asking.ts";
import { beginOnEnvoy, type EnvoyScene, onEnvoy } from "./scene.ts";

describeRealEnvoy("answers", (line) => {
  describe.each(["terminate", "transform"] as const)("in %s", (mode) => {
    let scene: EnvoyScene;
    beforeAll(async () => {
      scene = await beginOnEnvoy({ line, mode });
    });
    afterAll(() => scene.close());
    describe.each(speakers.map((each) => [each.name, each] as const))("for %s", (_name, speaker) => {
      suite(() => scene, speaker);
    });
  });

  /** In a scene of its own, for it keeps the processor busy longer than idle connections live. */
  it.each(["terminate", "transform"] as const)("carry ten megabytes in %s, redacted", (mode) =>
    onEnvoy({ line, mode }, async (scene) => {
      scene.provider.answer(says("Read."));
      const text = `${"A line of a long text that holds nothing personal at all. ".repeat(180_000)}Yours, ${email}`;
      expect(await openai.ask(scene, text)).toBe("Read.");
      const body = scene.provider.requests[0]?.body ?? "";
      expect(body.length).toBeGreaterThan(10_400_000);
      expect(body.includes("Yours, [EMAIL_1]")).toBe(true);
      expect(scene.wire.sent().includes(email)).toBe(false);
    }),
  );
});

function suite(current: () => EnvoyScene, speaker: Speaker): void {
  it("hides what is personal from the provider and gives it back to the caller", async () => {
    const { provider, wire } = current();
    provider.answer(says(`You wrote: ${masked}`));
    expect(await speaker.ask(current(), everything)).toBe(`You wrote: ${everything}`);
    expect(await whole(speaker.stream(current(), everything))).toBe(`You wrote: ${everything}`);
    expect(provider.requests.slice(-2).map(({ body }) => body.includes("[EMAIL_1]"))).toEqual([true, true]);
    for (const value of personal) expect(wire.sent()).not.toContain(value);
    expect(wire.sent()).not.toContain("psk_web");
  });

  /** Red when anything on the way waits for a second chunk, or for the end. */
  it("passes on each chunk before the provider writes the next", async () => {
    const { provider } = current();
    const words = Array.from({ length: 30 }, (_, index) => `word${index} `);
    const heard = words.map(() => gate());
    const written: number[] = [];
    async function* pieces() {
      yield* speaker.opening;
      for (const [index, word] of words.entries()) {
        yield speaker.piece(word);
        await heard[index]?.opened;
        written.push(index);
      }
      yield* speaker.closing;
    }
    provider.answer(streams(pieces()));
    const got: string[] = [];
    for await (const piece of speaker.stream(current(), "Count.")) {
      got.push(piece);
      heard[got.length - 1]?.open();
    }
    expect(got).toEqual(words);
    expect(written).toHaveLength(words.length);
  });

  it("undoes the provider's gzip, chunk by chunk", async () => {
    const { provider } = current();
    const heard = gate();
    async function* pieces() {
      yield* speaker.opening;
      yield speaker.piece("Dear ");
      await heard.opened;
      yield speaker.piece("[EMAIL_1]");
      yield* speaker.closing;
    }
    provider.answer(streams(pieces(), "whole", { "content-encoding": "gzip" }));
    let text = "";
    for await (const piece of speaker.stream(current(), `I am ${email}.`)) {
      text += piece;
      heard.open();
    }
    expect(text).toBe(`Dear ${email}`);
  });

  /** Red when a provider goes on writing, and billing, for nobody. */
  it("tells the provider of a disconnect before its next chunk", async () => {
    const { provider } = current();
    const gone = new AbortController();
    let further = 0;
    const forever = async function* () {
      yield* speaker.opening;
      yield speaker.piece("one ");
      await until(() => provider.requests.at(-1)?.signal.aborted === true);
      for (; further < 10; further++) yield speaker.piece("more ");
    };
    provider.answer(streams(forever()));
    const read = async () => {
      for await (const _ of speaker.stream(current(), "Go on.", gone.signal)) gone.abort();
    };
    await read().catch(() => "gone");
    await until(() => provider.requests.at(-1)?.signal.aborted === true);
    expect(further).toBeLessThan(2);
  });
}
