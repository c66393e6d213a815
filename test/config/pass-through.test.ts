import { checkPassThrough } from "../../src/config/checks-pass-through.ts";
import { parseConfig } from "../../src/config/load.ts";
import { jsonSchema } from "../../src/config/schema.ts";
import { problemsOf } from "./support.ts";

describe("passThrough", () => {
  it("is off unless it lists something", () => expect(parseConfig({}).passThrough).toEqual([]));

  it("takes paths, and paths with a target and keys", () => {
    const hash = `sha256:${"0".repeat(64)}`;
    const { passThrough } = parseConfig({
      targets: { a: { provider: "openai" } },
      access: { keys: [{ id: "web", hash }] },
      passThrough: ["/v1/files", { path: "/v1/realtime", target: "a", keys: ["web"] }],
    });
    expect(passThrough).toEqual([{ path: "/v1/files" }, { path: "/v1/realtime", target: "a", keys: ["web"] }]);
  });

  it.each(["/v1/chat/completions", "/v1/messages", "/chat/completions", "/v1/models", "/v1/Messages"])(
    "never takes what is inspected: %s",
    (path) => expect(problemsOf({ passThrough: [path] })).toEqual([expect.stringContaining("inspected")]),
  );

  it.each(["v1/files", "/v1/files/", "/v1/../files", "/v1//files", "/v1/%2e/files"])(
    "takes plain paths alone: %s",
    (path) =>
      expect(problemsOf({ passThrough: [path] })).toEqual([
        expect.stringContaining("expected a path such as /v1/files"),
      ]),
  );

  it("names only targets and keys that there are, and each path once", () => {
    const passThrough = ["/v1/files", { path: "/v1/files", target: "b", keys: ["web"] }];
    expect(problemsOf({ targets: { a: { provider: "openai" } }, passThrough })).toEqual([
      "passThrough[1]: this path stands twice (keep one of the two)",
      "passThrough[1].target: there is no such target (targets: a)",
      "passThrough[1].keys[0]: there is no such key (there are no keys)",
    ]);
  });

  /** Red when the first file that somebody uploads is what tells that a package is missing. */
  it("says at start that its package is missing", () => {
    const told: unknown[] = [];
    const report = (...all: unknown[]) => void told.push(all);
    checkPassThrough({ passThrough: ["/v1/files"] }, report, () => false);
    checkPassThrough({ passThrough: [] }, report, () => false);
    checkPassThrough({}, report, () => false);
    expect(told).toEqual([
      [["passThrough"], "http-proxy-middleware is not installed", "npm install http-proxy-middleware", "key"],
    ]);
  });

  it("says in the schema what it costs", () =>
    expect(JSON.stringify(jsonSchema().properties?.passThrough)).toContain("What is not inspected is not protected"));
});
