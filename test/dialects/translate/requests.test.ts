import { readdirSync, readFileSync } from "node:fs";
import type { DialectName } from "../../../src/dialects/dialect.ts";
import { createTranslation } from "../../../src/dialects/translate/translate.ts";
import { bytesOf, least, now, otherOf, request } from "./scene.ts";
import { complaints, type Sample } from "./types.ts";

interface Golden {
  readonly caller: DialectName;
  readonly body: unknown;
  /** What leaves, and exactly what it lost. */
  readonly expected: unknown;
  readonly losses: readonly string[];
}

const folder = new URL("../../fixtures/translate/requests/", import.meta.url);
const goldens = readdirSync(folder).map(
  (name) => [name.replace(".json", ""), JSON.parse(readFileSync(new URL(name, folder), "utf8"))] as [string, Golden],
);

describe("a server that is nearly OpenAI's", () => {
  const ask = { ...least["anthropic-messages"], model: "gpt-4.1" };
  const sent = (server: object) =>
    JSON.parse(
      createTranslation("anthropic-messages", "openai-chat", bytesOf(ask), {
        usage: true,
        now,
        server,
      }).body.toString(),
    );

  it("is asked for its usage and told the limit under the name that its model has", () => {
    expect(sent({})).toMatchObject({ stream_options: { include_usage: true }, max_completion_tokens: 64 });
  });

  it("is not asked for what it refuses", () => {
    const body = sent({ streamUsage: false, maxTokensField: "max_tokens" });
    expect(body).toMatchObject({ stream: true, max_tokens: 64 });
    expect(body).not.toHaveProperty("stream_options");
    expect(body).not.toHaveProperty("max_completion_tokens");
  });
});

describe("requests whose translation and losses are written down", () => {
  it("are thirty at least", () => expect(goldens.length).toBeGreaterThanOrEqual(30));

  it.each(goldens)("%s", (_name, { caller, body, expected, losses }) => {
    const made = request(caller, body);
    expect(made.body).toEqual(expected);
    expect([...made.losses].sort()).toEqual([...losses].sort());
  });

  it("fit what the SDKs declare, whose compiler knows a wrong one", () => {
    const samples: Sample[] = goldens.map(([, { caller, expected }]) => ({
      kind: "request",
      dialect: otherOf(caller),
      value: expected,
    }));
    const strange = { model: "m", max_tokens: 1, messages: [], seed: 1 };
    const found = complaints([...samples, { kind: "request", dialect: "anthropic-messages", value: strange }]);
    const named = goldens.map(([name], index) => [name, found[index]]);
    expect(named.filter(([, messages]) => messages?.length !== 0)).toEqual([]);
    expect(found.at(-1)).toEqual([expect.stringContaining("seed")]);
  });
});
