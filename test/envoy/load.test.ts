import { says } from "../../adapters/testing.ts";
import { chunk, done, everything, masked, role, streams, until } from "../adapters/scene.ts";
import { describeRealEnvoy, envoyLines } from "../doubles/real-envoy.ts";
import { openai, whole } from "./asking.ts";
import { onEnvoy } from "./scene.ts";

/** Node's HTTP/2 server refuses a connection after about a thousand resets; each answered call is one. */
const callsInARow = (line: string): number => (process.env.CI === "true" && line === envoyLines[0] ? 20_000 : 2_500);

describeRealEnvoy("many calls", (line) => {
  const inARow = callsInARow(line);

  it.each(["terminate", "transform"] as const)("two hundred streams at once in %s, each whole and its own", (mode) =>
    onEnvoy({ line, mode, config: { budgets: [] } }, async (scene) => {
      scene.provider.answer((request, number) => {
        const who = /caller \d+/.exec(request.body)?.[0] ?? "";
        const words = Array.from({ length: 20 }, (_, index) => chunk({ content: `${who} ${index} ` }));
        return streams([role, ...words, ...done])(request, number);
      });
      const callers = Array.from({ length: 200 }, (_, index) => `caller ${index}.`);
      const said = await Promise.all(callers.map((who) => whole(openai.stream(scene, who))));
      for (const [index, text] of said.entries())
        expect(text).toBe(Array.from({ length: 20 }, (_, word) => `caller ${index} ${word} `).join(""));
      await until(() => scene.receipts.length === 200);
    }),
  );

  /** Red without `max_requests_per_connection`: near the thousandth call the processor's connection is refused. */
  it(
    `${inARow.toLocaleString("en")} calls in a row, none of them fails`,
    () =>
      onEnvoy({ line, mode: "terminate", config: { budgets: [] } }, async (scene) => {
        scene.provider.answer(says(masked));
        let wrong = 0;
        for (let calls = 0; calls < inARow; calls++)
          if ((await openai.ask(scene, everything).catch(String)) !== everything) wrong++;
        expect(wrong).toBe(0);
      }),
    300_000,
  );
});
