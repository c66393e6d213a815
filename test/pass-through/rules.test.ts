import { parseConfig } from "../../src/config/load.ts";
import { resolveTargets } from "../../src/config/targets.ts";
import { openaiChat } from "../../src/dialects/openai-chat.ts";
import type { Caller } from "../../src/facts.ts";
import { createPassThroughRules } from "../../src/pass-through/rules.ts";

const config = parseConfig({
  targets: {
    keyed: { provider: "openai", apiKey: "sk-operator", region: "eu" },
    local: { provider: "openai", baseUrl: "http://127.0.0.1:1/v1" },
  },
  access: { ownKeys: "allow", keys: [] },
  passThrough: ["/v1/files", "/v1", { path: "/v1/audio", target: "local" }, { path: "/v1/images", target: "keyed" }],
});
const rules = createPassThroughRules(config, resolveTargets(config));
const own: Caller = { key: undefined, attributes: {}, models: undefined, maxOutputTokens: undefined, ownKey: true };
const web: Caller = { ...own, key: "web", ownKey: false };

const choose = (url: string, caller: Caller, headers = {}): string => {
  const head = { method: "GET", url, headers };
  const entry = rules.find(head);
  if (entry === undefined) throw new Error("not listed");
  return rules.choose(entry, caller, head, openaiChat).baseUrl;
};

describe("what is passed through goes", () => {
  it("for a virtual key to the first target of the wire that is spoken, or to the one that is named", () => {
    expect(choose("/v1/files/file-1", web)).toBe("https://api.openai.com/v1");
    expect(choose("/v1/audio/speech", web)).toBe("http://127.0.0.1:1/v1");
  });

  /** Red when a stranger spends on the operator's key, or its key and its files go to another provider than was meant. */
  it("for a caller's own key to its provider, or to a named target that has no key, never to one that has", () => {
    expect(choose("/v1/files", own)).toBe("https://api.openai.com/v1");
    expect(choose("/v1/audio", own)).toBe("http://127.0.0.1:1/v1");
    expect(() => choose("/v1/images", own)).toThrow(expect.objectContaining({ code: "no_target" }));
  });

  it("only to the region that a call is pinned to", () => {
    expect(choose("/v1/images", web, { "x-postern-region": "eu" })).toBe("https://api.openai.com/v1");
    for (const region of ["us", "eu"])
      expect(() => choose("/v1/audio", web, { "x-postern-region": region })).toThrow(
        expect.objectContaining({ code: "target_unfit" }),
      );
  });

  it("by the longest path that is listed", () => {
    expect(rules.find({ method: "GET", url: "/v1/images/x", headers: {} })?.target).toBe("keyed");
    expect(rules.find({ method: "GET", url: "/v1/imagesque", headers: {} })?.path).toBe("/v1");
  });
});
