import { parseConfig } from "../../src/config/load.ts";
import { resolveTargets } from "../../src/config/targets.ts";

describe("resolveTargets", () => {
  it("has each target under its name, with the provider's own address where none is given", () => {
    const targets = resolveTargets(
      parseConfig({
        access: {},
        targets: {
          openai: { provider: "openai", apiKey: "sk-1", headers: { "OpenAI-Organization": "org" } },
          claude: { provider: "anthropic", timeouts: { idle: "1s" } },
          local: { provider: "openai", baseUrl: "http://127.0.0.1:11434/v1//", trusted: true },
        },
      }),
    );
    expect([...targets.keys()]).toEqual(["openai", "claude", "local"]);
    expect(targets.get("openai")).toEqual({
      name: "openai",
      provider: "openai",
      baseUrl: "https://api.openai.com/v1",
      model: undefined,
      apiKey: "sk-1",
      headers: { "openai-organization": "org" },
      trusted: false,
      timeouts: { connect: 5_000, firstByte: 120_000, idle: 60_000 },
    });
    expect(targets.get("claude")).toMatchObject({ baseUrl: "https://api.anthropic.com/v1", apiKey: undefined });
    expect(targets.get("claude")?.timeouts.idle).toBe(1_000);
    expect(targets.get("local")).toMatchObject({ baseUrl: "http://127.0.0.1:11434/v1", trusted: true });
  });

  it("is empty without targets", () => {
    expect(resolveTargets(parseConfig({})).size).toBe(0);
  });
});
