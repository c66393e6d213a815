import { asking, chunk, done, email, role, streams } from "../adapters/scene.ts";
import { describeRealEnvoy } from "../doubles/real-envoy.ts";
import { openCall } from "./http.ts";
import { onEnvoy, type Setting } from "./scene.ts";

/** A minute is a tenth of a second here: Envoy's timer for calls in which nothing moves, and ours that keeps one alive. */
const minute = 100;
const hurried = (bootstrap: string): string =>
  bootstrap.replace(/stream_idle_timeout: \d+s/, `stream_idle_timeout: ${(10 * minute) / 1_000}s`);

describeRealEnvoy("a long silence of the provider", (line) => {
  const setting = (keepAlive: string): Setting => ({
    line,
    mode: "terminate",
    config: { limits: { keepAlive } },
    bootstrap: hurried,
  });

  /** Red without the comments: Envoy ends after ten minutes a stream in which nothing moves. */
  it("between two chunks is outlived, for a committed stream sends comments", () =>
    onEnvoy(setting(`${3 * minute}ms`), async (scene) => {
      const pieces = async function* () {
        yield role;
        yield chunk({ content: "Dear " });
        await new Promise((resolve) => setTimeout(resolve, 25 * minute));
        yield chunk({ content: "[EMAIL_1]" });
        yield* done;
      };
      scene.provider.answer(streams(pieces()));
      const { request, answered } = openCall(scene.envoy.url);
      request.end(asking(`I am ${email}.`, { stream: true }).body);
      const answer = await answered;
      expect(answer).toMatchObject({ status: 200, broken: false });
      expect(answer.text).toContain(email);
      expect(answer.text.match(/^:/gm)?.length).toBeGreaterThanOrEqual(2);
    }));

  it("is what Envoy's own timer would have ended", () =>
    onEnvoy(setting("1h"), async (scene) => {
      scene.provider.answer(streams([role, chunk({ content: "Dear " })], "silent"));
      const { request, answered } = openCall(scene.envoy.url);
      request.end(asking("hello", { stream: true }).body);
      expect(await answered).toMatchObject({ status: 200, broken: true });
    }));
});
