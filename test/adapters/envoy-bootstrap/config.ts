import { type ConfigInput, hashKey } from "../../../src/index.ts";

export const key = "sk-operators-own";
export const config: ConfigInput = {
  targets: {
    eu: { provider: "openai", apiKey: key, baseUrl: "https://eu.example.com:8443/openai/v1" },
    claude: { provider: "anthropic", apiKey: key, timeouts: { firstByte: "4m" } },
    local: { provider: "openai", baseUrl: "http://127.0.0.1:11434/v1" },
    numbered: { provider: "openai", apiKey: key, baseUrl: "https://[2001:db8::1]/v1" },
  },
  access: { keys: [{ id: "web", hash: hashKey("psk_web") }] },
  limits: { body: "5MB", answer: "40MB", calls: 3_000 },
  routing: { deadline: "5m", longestWait: "3s" },
};
export const processor = "127.0.0.1:50051";

export const modes = ["terminate", "transform", "tap"] as const;
