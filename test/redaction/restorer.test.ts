import { createCall, read, type TestCall } from "./doubles/call.ts";
import { type Delta, wireEvent } from "./doubles/dialect.ts";

const ada = "ada@acme.com";
const bob = "bob@acme.com";
const quoted = '<<O\'Hara "Bull"\n\\ Sons\u0007\ud800>>';

function callWith(...values: string[]): TestCall {
  const call = createCall();
  call.send({ messages: values.map((content) => ({ content })) });
  return call;
}

const text = (channel: string, part: string): Delta => ({ channel, text: part });
const json = (channel: string, part: string): Delta => ({ channel, json: part });
const done = "data: [DONE]\n\n";

describe("a streamed answer", () => {
  it("is restored however its placeholders are cut", () => {
    const attempt = callWith(ada, bob).answer();
    let out = "";
    for (const character of "to [EMAIL_1] and [EMAIL_2]!") out += attempt.write(wireEvent([text("a", character)]));
    expect(read(out)).toEqual({ a: `to ${ada} and ${bob}!` });
  });

  it("restores several placeholders of one delta, and a half of one with a half of the next", () => {
    const attempt = callWith(ada, bob).answer();
    const out = ["[EMAIL_1] [EMA", "IL_2] [EMAIL_", "1][EMAIL_2]"].map((part) =>
      attempt.write(wireEvent([text("a", part)])),
    );
    expect(out.map((bytes) => read(bytes).a)).toEqual([`${ada} `, `${bob} `, `${ada}${bob}`]);
  });

  it("holds back only what may still become a placeholder of this call, and no longer than that", () => {
    const attempt = callWith(ada).answer();
    const parts = ["see [EMAI", "LS] and [EMAIL_", "2] and [PHONE_", "1] and \\", "n"];
    const out = parts.map((part) => read(attempt.write(wireEvent([text("a", part)]))).a);
    expect(out).toEqual(["see ", "[EMAILS] and ", "[EMAIL_2] and [PHONE_", "1] and ", "\\n"]);
  });

  it("keeps channels apart", () => {
    const attempt = callWith(ada, bob).answer();
    let out = attempt.write(wireEvent([text("a", "[EMAIL"), json("json.b", '"[EMAIL')]));
    out += attempt.write(wireEvent([text("a", "_1]")]));
    out += attempt.write(wireEvent([json("json.b", '_2]"'), text("a", " [")]));
    out += attempt.write(wireEvent([text("a", "EMAIL_2]")]));
    expect(read(out)).toEqual({ a: `${ada} ${bob}`, "json.b": `"${bob}"` });
  });

  it("escapes values for the JSON text of tool-call arguments", () => {
    const attempt = callWith(ada, quoted).answer();
    const given = JSON.stringify({ to: "[EMAIL_1]", "[CUSTOMER_1]": "x\\[CUSTOMER_1\\]\n" });
    let out = "";
    for (const character of given) out += attempt.write(wireEvent([json("json.a", character)]));
    expect(JSON.parse(read(out)["json.a"] ?? "")).toEqual({ to: ada, [quoted]: `x${quoted}\n` });
  });

  it("passes an event untouched, byte for byte, when there is nothing to restore or to hold", () => {
    const attempt = callWith(ada).answer();
    const event = 'event: x\r\nid:7\r\ndata:{ "deltas":[ {"channel":"a","text":"\\u0041]"}], "n":1.0}\r\n\r\n';
    expect(attempt.write(event)).toBe(event);
  });

  it("restores strings that are no running text in one go, and leaves what cannot be resolved", () => {
    const attempt = callWith(ada).answer();
    const event = 'data: {"deltas":[],"cited":"[EMAIL_1] [EMAIL_2] [EMAIL_1"}\n\n';
    expect(attempt.write(event)).toBe(`data: {"deltas":[],"cited":"${ada} [EMAIL_2] [EMAIL_1"}\n\n`);
  });
});

describe("what is held back when a channel ends", () => {
  it("leaves within the event that ends it, if that has text of the channel", () => {
    const attempt = callWith(ada).answer();
    attempt.write(wireEvent([text("a", "see [EMA")]));
    const end = attempt.write(wireEvent([text("a", "IL_1], [EM")], ["a"]));
    expect(end).toBe(wireEvent([text("a", `${ada}, [EM`)], ["a"]).toString());
    expect(attempt.close()).toBe("");
  });

  it("leaves in an event of its own before the event that ends it", () => {
    const attempt = callWith(ada).answer();
    attempt.write(wireEvent([text("a", "see ["), text("b", "[E")]));
    const end = wireEvent([], ["a"]).toString();
    expect(attempt.write(end)).toBe(wireEvent([text("a", "[")]).toString() + end);
  });

  it("leaves, every channel's, before the stream's last word", () => {
    const attempt = callWith(ada).answer();
    attempt.write(wireEvent([text("a", "["), json("json.b", "\\")]));
    expect(attempt.write(done)).toBe(
      wireEvent([text("a", "[")]).toString() + wireEvent([json("json.b", "\\")]).toString() + done,
    );
  });

  it("leaves when the stream breaks off", () => {
    const attempt = callWith(ada).answer();
    attempt.write(wireEvent([text("a", "see [EMAIL_1")]));
    expect(read(attempt.close())).toEqual({ a: "[EMAIL_1" });
    expect(attempt.close()).toBe("");
  });
});

describe("a whole answer", () => {
  it("is restored in every text, escaped for where it stands", () => {
    const attempt = callWith(ada, quoted).answer();
    const restored = JSON.parse(
      attempt.whole({ message: { content: "[EMAIL_1]: [customer_1]", arguments: '{"to":"[CUSTOMER_1]"}' }, n: 1 }),
    );
    expect(restored.message.content).toBe(`${ada}: ${quoted}`);
    expect(JSON.parse(restored.message.arguments)).toEqual({ to: quoted });
  });

  it("keeps what the model signed as it signed it", () => {
    const body = { message: { thinking: "I write to [EMAIL_1]" } };
    expect(callWith(ada).answer().whole(body)).toBe(JSON.stringify(body));
  });
});

describe("an attempt", () => {
  it("has no hooks, and so no cost, where nothing may be restored", () => {
    expect(callWith("hello").answer().hooks).toBeUndefined();
    expect(callWith("sk-12345678").answer().hooks).toBeUndefined();
  });

  it("restores nothing from a trusted target, which got no placeholders", () => {
    expect(callWith(ada).answer(true).hooks).toBeUndefined();
  });

  it("never restores a secret", () => {
    expect(JSON.parse(callWith(ada, "sk-12345678").answer().whole({ a: "[SECRET_1]" }))).toEqual({ a: "[SECRET_1]" });
  });

  it("leaves nothing of what it held in the next", () => {
    const call = callWith(ada);
    const [first, second] = [call.answer(), call.answer()];
    first.write(wireEvent([text("a", "[EMAIL_1")]));
    expect(read(second.write(wireEvent([text("a", "] x")])))).toEqual({ a: "] x" });
    expect(read(first.write(wireEvent([text("a", "]")])))).toEqual({ a: ada });
  });

  it("warns of placeholders that the model made up, by number alone", () => {
    const call = callWith(ada);
    const attempt = call.answer();
    attempt.whole({ a: "[EMAIL_1] [EMAIL_7]" });
    attempt.done();
    expect(call.logged).toEqual([
      { fields: { call: "call", target: "t", model: "m", invented: 1 }, message: expect.any(String) },
    ]);
    const quiet = callWith(ada).answer();
    quiet.whole({ a: "[EMAIL_1]" });
    quiet.done();
    expect(call.logged).toHaveLength(1);
  });
});
