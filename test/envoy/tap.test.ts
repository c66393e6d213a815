import { echoes } from "../../adapters/testing.ts";
import { everything, personal, until } from "../adapters/scene.ts";
import { describeRealEnvoy } from "../doubles/real-envoy.ts";
import { speakers, whole } from "./asking.ts";
import { call } from "./http.ts";
import { onEnvoy } from "./scene.ts";

describeRealEnvoy("a tap", (line) => {
  it.each(speakers.map((each) => [each.name, each] as const))(
    "sees what %s asks and gets, and changes nothing",
    (_name, speaker) =>
      onEnvoy({ line, mode: "tap" }, async (scene) => {
        scene.provider.answer(echoes);
        expect(await speaker.ask(scene, everything)).toBe(everything);
        expect(await whole(speaker.stream(scene, everything))).toBe(everything);
        for (const value of personal) expect(scene.wire.sent()).toContain(value);
        await until(() => scene.receipts.length === 2);
        for (const receipt of scene.receipts) {
          expect(receipt.outcome).toBe("answered");
          expect(receipt.cost).toBeGreaterThan(0n);
          expect(receipt.findings.map(({ type }) => type)).toContain("EMAIL");
        }
        expect(scene.receipts[0]?.usage.output).toBeGreaterThan(0);
      }),
  );

  it("that is down is not in the way", () =>
    onEnvoy({ line, mode: "tap" }, async (scene) => {
      scene.provider.answer(echoes);
      await scene.processor.close(0);
      expect(await call(scene.envoy.url, "hello")).toMatchObject({ status: 200, broken: false });
      expect(scene.provider.requests).toHaveLength(1);
    }));
});
