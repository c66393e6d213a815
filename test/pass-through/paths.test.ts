import fc from "fast-check";
import { isInspected, isPlainPath } from "../../src/pass-through/paths.ts";

describe("a path that may be passed through", () => {
  it.each([
    "/v1/files",
    "/v1/files/file-abc_1.2~3",
    "/v1/fine_tuning/jobs/ft:gpt",
    "/v1/files/a%22b%7B",
    "/v1/.well-known/x",
  ])("is plain: %s", (path) => expect(isPlainPath(path)).toBe(true));

  it.each([
    ...["", "v1/files", "/", "/v1/files/", "//v1/files", "/v1//files", "http://elsewhere/v1/files"],
    ...[
      "/v1/files/../chat/completions",
      "/v1/files/..",
      "/v1/./files",
      "/v1/files/%2e%2e/x",
      "/v1/files/.%2E/x",
      "/v1/files/%2E",
    ],
    ...[
      "/v1/files%2f..%2fchat",
      "/v1/files%5c..",
      "/v1/files\\..\\x",
      "/v1/files/..;/x",
      "/v1/files;a=b",
      "/v1/files/%3b",
    ],
    ...[
      "/v1/chat%2Fcompletions",
      "/v1/ch%61t/completions",
      "/v1/files/%252e",
      "/v1/files/%00",
      "/v1/files/%0d%0a",
      "/v1/files/%7f",
    ],
    ...["/v1/x/...", "/v1/chat/completions.", "/v1/chat./completions", "/v1/chat/completions%20", "/v1/%20messages"],
    ...[
      "/v1/chat/completions%3F",
      "/v1/chat/completions%23x",
      "/v1/me%C5%BF%C5%BFages",
      "/v1/chat%EF%BC%8Fcompletions",
    ],
    ...["/v1/files/%", "/v1/files/%2", "/v1/files/%zz", "/v1/files/é", "/v1/files/a b", "/v1/files#x", "/v1/files?x"],
  ])("is not: %s", (path) => expect(isPlainPath(path)).toBe(false));

  /** Red when a server that decodes or normalises a path finds another one than was looked at. */
  it("is read alike by who decodes it and who resolves it", () => {
    const piece = fc.constantFrom(
      "/",
      "//",
      ".",
      "..",
      "%2e",
      "%2E",
      "%2f",
      "%5c",
      "\\",
      ";",
      "a",
      "v1",
      "%61",
      "%20",
      "chat",
      "completions",
      "~",
      "%25",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const path = `/${pieces.join("")}`;
        if (!isPlainPath(path)) return;
        expect(new URL(path, "http://a").pathname).toBe(path);
        expect(decodeURIComponent(path).split("/")).toHaveLength(path.split("/").length);
        for (const segment of decodeURIComponent(path).split("/").slice(1))
          expect(segment).toMatch(/^(?!\.{1,2}$)[^/\\%;]+$/);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe("an inspected endpoint", () => {
  it.each([
    ...[
      "/v1/chat/completions",
      "/chat/completions",
      "/v1/messages",
      "/messages",
      "/v1/messages/count_tokens",
      "/v1/models",
      "/v1/models/gpt-5",
    ],
    ...[
      "/v1/v1/chat/completions",
      "/V1/Chat/Completions",
      "/openai/v1/chat/completions",
      "/anthropic/v1/messages",
      "/deployments/gpt/chat/completions",
    ],
  ])("is known: %s", (path) => expect(isInspected(path)).toBe(true));

  it.each(["/v1/files", "/v1/messages/batches", "/v1/threads/t_1/messages", "/v1/realtime", "/v1/batches"])(
    "is none: %s",
    (path) => expect(isInspected(path)).toBe(false),
  );
});
