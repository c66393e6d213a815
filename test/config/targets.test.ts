import { inspect } from "node:util";
import { parseConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/schema.ts";
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
      guarded: false,
      auth: undefined,
      path: undefined,
      query: "",
      streamUsage: true,
      maxTokensField: undefined,
      region: undefined,
      losses: "name",
    });
    expect(targets.get("claude")).toMatchObject({ baseUrl: "https://api.anthropic.com/v1", apiKey: undefined });
    expect(targets.get("claude")?.timeouts.idle).toBe(1_000);
    expect(targets.get("local")).toMatchObject({ baseUrl: "http://127.0.0.1:11434/v1", trusted: true });
  });

  it("has what is special about servers that are nearly OpenAI's", () => {
    const { targets } = parseConfig(
      `
access: {}
targets:
  azure:
    provider: openai
    apiKey: env:AZURE_KEY
    auth: api-key
    baseUrl: https://mine.openai.azure.com/openai
    path: /deployments/{model}/chat/completions
    query: { api-version: 2024-10-21 }
    streamUsage: false
    maxTokensField: max_completion_tokens
    region: eu
    losses: refuse
  gate: { provider: openai, baseUrl: https://gate.example/v1, headers: { X-Gate: "env:GATE", x-title: docs } }
  ollama: { provider: openai, baseUrl: "http://127.0.0.1:11434/v1", auth: none }
`,
      { environment: { AZURE_KEY: "azure-secret", GATE: "Bearer gate-secret" } },
    );
    const resolved = resolveTargets({ targets } as Config);
    expect(resolved.get("azure")).toMatchObject({
      apiKey: "azure-secret",
      guarded: false,
      auth: "api-key",
      path: "/deployments/{model}/chat/completions",
      query: "api-version=2024-10-21",
      streamUsage: false,
      maxTokensField: "max_completion_tokens",
      region: "eu",
      losses: "refuse",
    });
    expect(resolved.get("gate")).toMatchObject({
      apiKey: undefined,
      guarded: true,
      headers: { "x-gate": "Bearer gate-secret", "x-title": "docs" },
    });
    expect(resolved.get("ollama")).toMatchObject({ auth: "none", apiKey: undefined, guarded: false });
    const printed = [inspect(targets, { depth: 9, showHidden: true }), JSON.stringify(targets)].join();
    expect(printed).toContain("[secret env:GATE]");
    expect(printed).not.toMatch(/gate-secret|azure-secret/);
  });

  it("is empty without targets", () => {
    expect(resolveTargets(parseConfig({})).size).toBe(0);
  });
});
