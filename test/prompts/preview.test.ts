import { Refusal } from "../../src/errors.ts";
import { findPrompt, preview, readPrompts } from "../../src/prompts/preview.ts";
import { createFolder } from "./scene.ts";

describe("a prompt without a call", () => {
  it("is found by its reference and shown with its messages, or with what is wrong", async () => {
    const folder = await createFolder({
      "a/1.prompt":
        '---\ninput: { schema: { n: integer, s?: string } }\n---\n{{role "system"}}{{n}}{{history}}{{role "user"}}{{s}}',
      "a/2.prompt": "{{",
      "a/labels.yaml": "staging: 1",
    });
    const shelf = await readPrompts(folder.path);
    await folder.remove();
    expect(shelf.problems).toMatchObject([{ file: "a/2.prompt", line: 1 }]);
    expect(findPrompt(shelf, "a@2")).toBe("unusable");
    expect(findPrompt(shelf, "b")).toBeUndefined();
    const found = findPrompt(shelf, "a@staging");
    if (typeof found !== "object") throw new Error("it was not found");
    expect(preview(found, { n: "7", s: "8" })).toEqual([
      { role: "system", text: "7" },
      "history",
      { role: "user", text: "8" },
    ]);
    expect(() => preview(found, { n: "seven", s: "" })).toThrow(Refusal);
    expect(() => findPrompt(shelf, "a b")).toThrow(Refusal);
  });
});
