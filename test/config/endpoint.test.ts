import fc from "fast-check";
import { signatureOf, urlAt } from "../../src/config/endpoint.ts";
import type { Target } from "../../src/step.ts";
import { plainTarget } from "../doubles/attempt.ts";

const chat = (model: string) => ({ operation: "chat", model }) as const;
const azure: Target = {
  ...plainTarget,
  baseUrl: "https://mine.openai.azure.com/openai",
  path: "/deployments/{model}/chat/completions",
  query: "api-version=2024-10-21",
};

describe("the address of a request", () => {
  it("is below the target's own, at the path of the wire", () => {
    expect(urlAt(plainTarget, "/chat/completions", chat("gpt-5"))).toBe("https://api.openai.com/v1/chat/completions");
    expect(urlAt(plainTarget, "/messages?beta=true", chat("claude"))).toBe(
      "https://api.openai.com/v1/messages?beta=true",
    );
  });

  it("is Azure's by deployment, and Azure's newer one by query alone", () => {
    expect(urlAt(azure, "/chat/completions", chat("my-gpt"))).toBe(
      "https://mine.openai.azure.com/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21",
    );
    const newer = { ...plainTarget, baseUrl: "https://mine.openai.azure.com/openai/v1", query: "api-version=preview" };
    expect(urlAt(newer, "/chat/completions", chat("my-gpt"))).toBe(
      "https://mine.openai.azure.com/openai/v1/chat/completions?api-version=preview",
    );
  });

  it("has the target's path for chats alone, and its query always", () => {
    expect(urlAt(azure, "/models", { operation: "models", model: "" })).toBe(
      "https://mine.openai.azure.com/openai/models?api-version=2024-10-21",
    );
    expect(urlAt(azure, "/messages?beta=true", chat("m"))).toBe(
      "https://mine.openai.azure.com/openai/deployments/m/chat/completions?beta=true&api-version=2024-10-21",
    );
  });

  it.each(["", ".", "..", "\ud800"])("is none for the model %j", (model) => {
    expect(() => urlAt(azure, "/chat/completions", chat(model))).toThrow(
      expect.objectContaining({ code: "invalid_request", detail: { param: "model" } }),
    );
  });

  it("stays in its folder, whatever a model is called", () => {
    const word = fc.oneof(fc.constantFrom("..", ".", "/", "\\", "?", "#", "%2e", "$&", "{model}", "\n"), fc.string());
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), (words) => {
        const model = words.join("");
        fc.pre(!["", ".", ".."].includes(model));
        const url = new URL(urlAt(azure, "/chat/completions", chat(model)));
        expect(url.pathname.split("/")).toEqual([
          "",
          "openai",
          "deployments",
          encodeURIComponent(model),
          "chat",
          "completions",
        ]);
        expect(url.search).toBe("?api-version=2024-10-21");
      }),
    );
  });
});

describe("the operator's key", () => {
  it.each([
    [undefined, undefined],
    ["bearer", { authorization: "Bearer k" }],
    ["api-key", { "api-key": "k" }],
    ["x-api-key", { "x-api-key": "k" }],
    ["none", {}],
  ] as const)("is shown with auth %s as %j", (auth, headers) => {
    expect(signatureOf({ ...plainTarget, auth }, "k")).toEqual(headers);
  });
});
