import { type ConfigInput, hashKey } from "../../../src/index.ts";

/** Virtual keys of the demo: callers hold these, never a provider's key. */
export const demoKey = "psk_demo";
export const trialKey = "psk_trial";

const keys = [
  { id: "demo", hash: hashKey(demoKey), team: "search" },
  { id: "trial", hash: hashKey(trialKey), team: "trial" },
];
const budgets = [
  { scope: { team: "search" }, limit: "$1", window: "day" as const },
  { scope: { team: "trial" }, limit: "$0.000001", window: "day" as const },
];

/** Two scripted providers on loopback, and one that is always down. */
export function scriptedConfig(port: number): ConfigInput {
  const openai = { provider: "openai" as const, apiKey: "sk-scripted" };
  return {
    targets: {
      openai: { ...openai, baseUrl: `http://127.0.0.1:${port}/v1` },
      "openai-down": { ...openai, baseUrl: `http://127.0.0.1:${port}/down/v1` },
      claude: { provider: "anthropic", apiKey: "sk-ant-scripted", baseUrl: `http://127.0.0.1:${port}/v1` },
    },
    models: {
      fast: {
        targets: [
          { target: "openai", model: "gpt-5-mini" },
          { target: "claude", model: "claude-haiku-4-5" },
        ],
      },
      resilient: {
        targets: [
          { target: "openai-down", model: "gpt-5-mini" },
          { target: "openai", model: "gpt-5-mini" },
        ],
      },
    },
    access: { keys },
    budgets,
    tracing: { payloads: "redacted" },
  };
}

/** The providers whose keys the environment holds; the failing target is a closed port. */
export function realConfig(environment: NodeJS.ProcessEnv): ConfigInput | undefined {
  const { OPENAI_API_KEY: openaiKey, ANTHROPIC_API_KEY: anthropicKey } = environment;
  if (!openaiKey) return undefined;
  const openai = { provider: "openai" as const, apiKey: openaiKey };
  const down = { ...openai, apiKey: "none", baseUrl: "http://127.0.0.1:9/v1" };
  const claude = !anthropicKey ? {} : { claude: { provider: "anthropic" as const, apiKey: anthropicKey } };
  const claudeModel = !anthropicKey ? [] : [{ target: "claude", model: "claude-haiku-4-5" }];
  const mini = { target: "openai", model: "gpt-5-mini" };
  return {
    targets: { openai, "openai-down": down, ...claude },
    models: {
      fast: { targets: [mini, ...claudeModel] },
      resilient: { targets: [{ target: "openai-down", model: "gpt-5-mini" }, mini] },
    },
    access: { keys },
    budgets,
    tracing: { payloads: "redacted" },
  };
}
