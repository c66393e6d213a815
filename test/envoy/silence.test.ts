import { asking, chunk, done, email, role, streams } from "../adapters/scene.ts";
import { describeRealEnvoy } from "../doubles/real-envoy.ts";
import { openCall } from "./http.ts";
import { beginOnEnvoy } from "./scene.ts";

/** A minute is a tenth of a second here: Envoy's timer for calls in which nothing moves, and ours that keeps one alive. */
const minute = 100;
const hurried = (bootstrap: string): string =>
  bootstrap.replace(/stream_idle_timeout: \d+s/, `stream_idle_timeout: 0.5s`);

describeRealEnvoy("a long silence of the provider", (line) => {
  /** Red without the comments: Envoy ends at half a second a stream in which nothing moves. */
  it("between two chunks is outlived, for a committed stream sends comments", async () => {
    const limits = { keepAlive: `${2 * minute}ms` };
    const scene = await beginOnEnvoy({ line, mode: "terminate", config: { limits }, bootstrap: hurried });
    const pieces = async function* () {
      yield role;
      yield chunk({ content: "Dear " });
      await new Promise((resolve) => setTimeout(resolve, 15 * minute));
      yield chunk({ content: "[EMAIL_1]" });
      yield* done;
    };
    scene.provider.answer(streams(pieces()));
    const { request, answered } = openCall(scene.envoy.url);
    request.end(asking(`I am ${email}.`, { stream: true }).body);
    const answer = await answered;
    await scene.close();
    expect(answer).toMatchObject({ status: 200, broken: false });
    expect(answer.text).toContain(email);
    expect(answer.text.match(/^:/gm)?.length).toBeGreaterThanOrEqual(5);
  });

  it("is what Envoy's own timer would have ended", async () => {
    const limits = { keepAlive: "1h" };
    const scene = await beginOnEnvoy({ line, mode: "terminate", config: { limits }, bootstrap: hurried });
    scene.provider.answer(streams([role, chunk({ content: "Dear " })], "silent"));
    const { request, answered } = openCall(scene.envoy.url);
    request.end(asking("hello", { stream: true }).body);
    expect(await answered).toMatchObject({ status: 200, broken: true });
    await scene.close();
  });
});
