import { binary, json, opaque, rules, text } from "../../src/dialects/rules.ts";
import type { Path, RuleNode, SlotClass } from "../../src/slot.ts";

/** Descends as the walk does. */
function classOf(tree: RuleNode, path: Path): SlotClass | undefined {
  let node: RuleNode | undefined = tree;
  let below = tree.below;
  for (const step of path) {
    node = typeof step === "number" ? node?.items : node?.keys?.get(step);
    below = node?.below ?? below;
  }
  return node?.slot ?? below;
}

describe("rules", () => {
  const tree = rules(text("other"), {
    model: opaque("other"),
    "messages[].role": opaque("messages"),
    "messages[].**": text("messages"),
    "messages[].tool_calls[].function.arguments": json("messages"),
    "messages[].content[].image_url.url": binary("messages"),
    "tools[].**": text("tools"),
    "tools[].type": opaque("tools"),
    "stop[]": text("other"),
    "metadata.id": opaque("other"),
    "metadata.**": text("messages"),
    metadata: binary("other", "opaque"),
  });

  it("classifies the place that a pattern names", () => {
    expect(classOf(tree, ["model"])).toEqual(opaque("other"));
    expect(classOf(tree, ["messages", 7, "role"])).toEqual(opaque("messages"));
    expect(classOf(tree, ["messages", 0, "tool_calls", 3, "function", "arguments"])).toEqual(json("messages"));
    expect(classOf(tree, ["messages", 0, "content", 1, "image_url", "url"])).toEqual(binary("messages"));
  });

  it("gives `**` to the place itself and to everything below it", () => {
    expect(classOf(tree, ["tools", 2])).toEqual(text("tools"));
    expect(classOf(tree, ["tools", 2, "function", "parameters", "anyOf", 0, "title"])).toEqual(text("tools"));
    expect(classOf(tree, ["messages", 0, "tool_calls", 3, "unknown"])).toEqual(text("messages"));
  });

  it("prefers the longer pattern, and the exact one at the same place", () => {
    expect(classOf(tree, ["tools", 0, "type"])).toEqual(opaque("tools"));
    expect(classOf(tree, ["metadata", "id"])).toEqual(opaque("other"));
    expect(classOf(tree, ["metadata"])).toEqual(binary("other", "opaque"));
    expect(classOf(tree, ["metadata", "anything"])).toEqual(text("messages"));
  });

  it("leaves every other place to the root's class", () => {
    expect(classOf(tree, ["unknown", 0, "deep"])).toEqual(text("other"));
    expect(classOf(tree, ["model", "not a string"])).toEqual(text("other"));
    expect(classOf(tree, ["stop"])).toEqual(text("other"));
    expect(tree.slot).toBeUndefined();
  });

  it("is not fooled by names that every object has", () => {
    expect(classOf(tree, ["constructor"])).toEqual(text("other"));
    expect(classOf(rules(text("other"), { constructor: opaque("other") }), ["constructor"])).toEqual(opaque("other"));
  });

  it.each(["", "a..b", ".a", "a.", "[]a", "a[", "a[0]", "a.**.b", ".**"])("refuses the pattern %j", (pattern) => {
    expect(() => rules(text("other"), { [pattern]: text("other") })).toThrow("is not a pattern");
  });
});
