import { until } from "../scene.ts";
import { buildProgram, type Program } from "./program.ts";

let program: Program;
beforeAll(() => {
  program = buildProgram();
});
afterAll(() => program.remove());

/** What a terminal shows, without its styles. */
const plain = (text: string): string => text.replace(/\p{Cc}\[[\d;]*m/gu, "");

describe("postern demo", () => {
  it("shows a call from both ends, a failover and a refusal, then serves until it is stopped", async () => {
    const demo = program.start(["demo", "--port", "0"]);
    await until(() => demo.out().includes("stays up") || demo.child.exitCode !== null);
    const told = plain(demo.out());
    const [first = "", second = "", third = ""] = told.split(/^\d\. /m).slice(1);
    expect(first).toMatch(/got back, as it arrives:\s+You wrote: .*maria\.lopez@example\.com/);
    expect(first).toMatch(
      /provider received at \/v1\/chat\/completions: .*\[EMAIL_1\] or \[PHONE_1\], and refund IBAN \[IBAN_1\]/,
    );
    expect(first).not.toMatch(/received at .*maria\.lopez/);
    expect(second).toContain("openai-down: rejected (503) → openai: answered (200)");
    expect(third).toMatch(/402 budget_exceeded[\s\S]*requests that reached the provider: 0/);

    const [, url = "", key = ""] = /curl -N (\S+) -H "authorization: (Bearer \w+)"/.exec(told) ?? [];
    const body = /-d '(.+)'/.exec(told)?.[1] ?? "";
    const headers = { authorization: key, "content-type": "application/json" };
    const answer = await fetch(url, { method: "POST", headers, body });
    expect(await answer.text()).toContain("[DONE]");
    demo.child.kill("SIGINT");
    expect([await demo.ended, demo.error()]).toEqual([0, ""]);
  });

  it("says what it lacks to be real", async () => {
    const demo = program.start(["demo", "--real", "--port", "0"], { OPENAI_API_KEY: "" });
    expect([await demo.ended, demo.error()]).toEqual([1, expect.stringContaining("OPENAI_API_KEY")]);
  });
});
