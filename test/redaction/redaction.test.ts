import { facts } from "../../src/facts.ts";
import type { CallContext } from "../../src/step.ts";
import { createCall, thrownBy } from "./doubles/call.ts";
import { email, phone, scannerOf, secret } from "./doubles/scanner.ts";

const ada = "ada@acme.com";
const bob = "bob@acme.com";
const messages = (...contents: unknown[]) => ({ model: "m", messages: contents.map((content) => ({ content })) });
const contents = (sent: string): unknown[] => JSON.parse(sent).messages.map((one: { content: unknown }) => one.content);

describe("what leaves", () => {
  it("has placeholders where personal data was, the same one for the same value", () => {
    const { sent } = createCall().send(messages(`from ${ada} to ${bob}`, `again ${ada}`, "call 4915112345"));
    expect(contents(sent)).toEqual(["from [EMAIL_1] to [EMAIL_2]", "again [EMAIL_1]", "call [PHONE_1]"]);
  });

  it("is numbered in prompt order, wherever the parts stand in the body", () => {
    const { sent } = createCall().send({ messages: [{ content: bob }], system: ada });
    expect(JSON.parse(sent)).toEqual({ messages: [{ content: "[EMAIL_2]" }], system: "[EMAIL_1]" });
  });

  it("numbers the second turn, which sends the history again, like the first", () => {
    const first = contents(createCall().send(messages(`I am ${ada}`)).sent);
    const second = contents(createCall().send(messages(`I am ${ada}`, `Hello ${ada}, ${bob} here`, `${bob}?`)).sent);
    expect(second).toEqual([...first, "Hello [EMAIL_1], [EMAIL_2] here", "[EMAIL_2]?"]);
  });

  it("is byte for byte what came, where nothing was found", () => {
    const body = '{"messages": [ {"content":"caf\\u00e9 [1] [FIGURE_2]"} ], "seed":12345678901234567890}';
    expect(createCall().send(body).sent).toBe(body);
  });

  it("has placeholders inside the arguments of tool calls, which stay valid JSON", () => {
    const given = { note: 'say "hi"\n', to: [ada, '<<O\'Hara "Bull" \\ Sons>>'], deep: { cc: ada } };
    const { sent } = createCall().send({ messages: [{ arguments: JSON.stringify(given) }] });
    const text = JSON.parse(sent).messages[0].arguments;
    expect(JSON.parse(text)).toEqual({
      note: given.note,
      to: ["[EMAIL_1]", "[CUSTOMER_1]"],
      deep: { cc: "[EMAIL_1]" },
    });
  });

  it("keeps what is only flagged", () => {
    const call = createCall({ scanner: scannerOf({ ...email, action: "flag" }) });
    expect(contents(call.send(messages(ada)).sent)).toEqual([ada]);
    expect(call.facts.get(facts.findings)).toEqual([{ type: "EMAIL", action: "flagged", count: 1 }]);
  });

  it("keeps personal data for a target that is trusted with it, but no secret", () => {
    const { document } = createCall().send(messages(`${ada} sk-12345678 [EMAIL_1]`));
    const sent = Buffer.from(document.render({ kinds: new Set(["secret"]) })).toString();
    expect(contents(sent)).toEqual([`${ada} [SECRET_1] [EMAIL_1]`]);
  });
});

describe("a look-alike in the caller's text", () => {
  it.each(["[EMAIL_1]", "[ email_1 ]", "\\[EMAIL_1\\]", "[Customer_7]", "[LITERAL_1]"])("hides %s", (text) => {
    const call = createCall();
    const [content] = contents(call.send(messages(`I am ${ada}, you wrote ${text}`)).sent);
    expect(content).toBe("I am [EMAIL_1], you wrote [LITERAL_1]");
    expect(call.answer().whole({ note: content })).toBe(JSON.stringify({ note: `I am ${ada}, you wrote ${text}` }));
  });

  it("is hidden whether or not the call has a value of its type, so that a later turn is numbered like this one", () => {
    expect(contents(createCall().send(messages("[EMAIL_1]")).sent)).toEqual(["[LITERAL_1]"]);
  });

  it("is found next to and between values", () => {
    const call = createCall();
    const text = `[EMAIL_1]${ada}\\[EMAIL_2\\]${bob}[EMAIL_3\\]`;
    const [content] = contents(call.send(messages(text)).sent);
    expect(content).toBe("[LITERAL_1][EMAIL_1][LITERAL_2][EMAIL_2][LITERAL_3]");
    expect(JSON.parse(call.answer().whole({ content }))).toEqual({ content: text });
  });

  it("is hidden inside a flagged value, and gone inside a masked one", () => {
    const odd = { type: "ODD", pattern: /<[^>]*>/g };
    const flagged = createCall({ scanner: scannerOf({ ...odd, action: "flag" }) });
    expect(contents(flagged.send(messages("<[EMAIL_1]>")).sent)).toEqual(["<[LITERAL_1]>"]);
    const masked = createCall({ scanner: scannerOf({ type: "CUSTOMER", pattern: /EMAIL/g }) });
    expect(contents(masked.send(messages("[EMAIL_1]")).sent)).toEqual(["[[CUSTOMER_1]_1]"]);
  });

  it("stays in a place that cannot be edited, without a refusal", () => {
    const body = { messages: [{ id: "[EMAIL_1]", "[EMAIL_1]": "x" }] };
    expect(createCall().send(body)).toMatchObject({ refusal: undefined, sent: JSON.stringify(body) });
  });

  it("of a secret is left as it is, since no secret ever comes back", () => {
    expect(contents(createCall().send(messages("[SECRET_1]")).sent)).toEqual(["[SECRET_1]"]);
  });

  it("is no finding", () => {
    const call = createCall();
    call.send(messages("[EMAIL_1]"));
    expect(call.facts.get(facts.findings)).toEqual([]);
  });
});

describe("what may not leave", () => {
  it("refuses a secret that is blocked, with counts and without values", () => {
    const call = createCall({ scanner: scannerOf({ ...secret, action: "block" }, email) });
    const { refusal } = call.send(messages(`sk-12345678 sk-abcdefgh ${ada}`));
    expect(refusal).toMatchObject({ code: "secret_blocked", detail: { SECRET: 2, place: "messages" } });
    expect(call.facts.get(facts.findings)).toEqual([
      { type: "SECRET", action: "blocked", count: 2 },
      { type: "EMAIL", action: "masked", count: 1 },
    ]);
  });

  it("refuses personal data that is blocked", () => {
    const call = createCall({ scanner: scannerOf({ ...email, action: "block" }) });
    expect(call.send(messages(ada)).refusal).toMatchObject({ code: "personal_data_blocked", detail: { EMAIL: 1 } });
  });

  it.each([
    ["an id", { messages: [{ id: `call_${ada}` }] }],
    ["a key", { messages: [{ [`for ${ada}`]: 1 }] }],
    ["a key of tool-call arguments", { messages: [{ arguments: JSON.stringify({ [ada]: 1 }) }] }],
    ["a text that cannot be edited", { messages: [{ id: "call 4915112345 now" }] }],
    ["an id that is nothing but a number", { messages: [{ id: "4915112345" }] }],
  ])("refuses what it cannot mask: %s", (_, body) => {
    const { refusal } = createCall().send(body);
    expect(refusal).toMatchObject({ code: "unmaskable" });
    expect(JSON.stringify({ ...refusal, text: `${refusal?.stack}` })).not.toMatch(/ada|4915112345/);
  });

  it("takes the keys of the wire for what they are, even where a record reads the same", () => {
    const scanner = scannerOf({ type: "CUSTOMER", pattern: /messages|arguments|invoices/g });
    expect(createCall({ scanner }).send({ messages: [{ arguments: "x" }] }).refusal).toBeUndefined();
    expect(createCall({ scanner }).send({ invoices: [] }).refusal).toMatchObject({ code: "unmaskable" });
  });

  it("takes digits in an id for what they are", () => {
    expect(createCall().send({ messages: [{ id: "call_4915112345" }] }).refusal).toBeUndefined();
  });

  it("refuses a blocked secret in a place that cannot be masked as what it is", () => {
    const call = createCall({ scanner: scannerOf({ ...secret, action: "block" }) });
    expect(call.send({ messages: [{ id: "sk-12345678" }] }).refusal).toMatchObject({ code: "secret_blocked" });
  });
});

describe("beside the body", () => {
  const refusalOf = (head: Partial<CallContext["head"]>) => thrownBy(() => createCall({ head }).hooks.head?.());

  it.each([
    ["a header", { headers: { "x-tag": `by ${ada}` } }, "header x-tag"],
    ["a repeated header", { headers: { "x-tag": ["a", ada] } }, "header x-tag"],
    ["a query value", { url: "/v1/x?beta=true&user=ada%40acme.com" }, "query"],
    ["a query key", { url: `/v1/x?${ada}=1` }, "query"],
    ["a query value whose plus is a plus", { url: "/v1/x?call=%2B4915112345" }, "query"],
    ["a query value whose plus is a space", { url: "/v1/x?q=<<a+b>>" }, "query"],
    ["the path", { url: "/v1/models/ada%40acme.com" }, "path"],
  ])("refuses personal data in %s", (_, head, place) => {
    const refusal = refusalOf(head);
    expect(refusal).toMatchObject({ code: "unmaskable", detail: { place } });
    expect(JSON.stringify(refusal?.detail)).not.toContain("ada");
  });

  it("does not look at headers that never leave, such as credentials", () => {
    expect(refusalOf({ headers: { authorization: "Bearer sk-12345678", cookie: ada } })).toBeUndefined();
  });

  it("refuses a url that cannot be decoded", () => {
    expect(refusalOf({ url: "/v1/x?q=%zz" })).toMatchObject({ code: "invalid_request" });
  });

  it("blocks what is blocked and counts what is flagged", () => {
    const head = { headers: { "x-tag": ada, "x-other": "sk-12345678" } };
    const call = createCall({ head, scanner: scannerOf({ ...email, action: "flag" }, { ...secret, action: "block" }) });
    expect(thrownBy(() => call.hooks.head?.())).toMatchObject({ code: "secret_blocked" });
    expect(call.facts.get(facts.findings)).toEqual([
      { type: "EMAIL", action: "flagged", count: 1 },
      { type: "SECRET", action: "blocked", count: 1 },
    ]);
  });
});

describe("what is told", () => {
  const headers = (call: ReturnType<typeof createCall>) => call.hooks.answer?.({} as never);

  it("names types and counts on the answer, together over actions", () => {
    const call = createCall({ scanner: scannerOf(email, { ...phone, action: "flag" }) });
    call.send(messages(`${ada} ${bob} 4915112345`));
    expect(headers(call)).toEqual({ "x-postern-findings": "EMAIL=2, PHONE=1" });
  });

  it("says nothing when nothing was found", () => {
    const call = createCall();
    call.send(messages("hello"));
    expect(headers(call)).toEqual({});
    expect(call.facts.get(facts.findings)).toEqual([]);
  });

  it("shows the edited body as payload", () => {
    const call = createCall();
    call.send(messages(`${ada} sk-12345678`));
    expect(contents(Buffer.from(call.facts.get(facts.payload)?.() ?? []).toString())).toEqual(["[EMAIL_1] [SECRET_1]"]);
  });

  it.each(["flag", "block"] as const)("shows no payload with what it had to leave in place (%s)", (action) => {
    const call = createCall({ scanner: scannerOf({ ...email, action }, phone) });
    call.send({ messages: [{ content: `\n${ada} 4915112345`, id: bob, [ada]: [bob, 1, null] }] });
    const payload = Buffer.from(call.facts.get(facts.payload)?.() ?? []).toString();
    expect(JSON.parse(payload)).toEqual({
      messages: [{ content: "\n[EMAIL] [PHONE_1]", id: "[EMAIL]", "[EMAIL]": ["[EMAIL]", 1, null] }],
    });
  });
});

describe("scrubbing a text for a sink", () => {
  const scrubbed = (text: string) => {
    const call = createCall();
    call.send(messages(`${ada} <<Ada>> sk-12345678`));
    return call.facts.get(facts.scrub)?.(text);
  };

  it("replaces what this call hides by its placeholder, and masks what it never saw", () => {
    expect(scrubbed(`${ada}, ${bob}, <<Ada>>, sk-12345678 and sk-abcdefgh`)).toBe(
      "[EMAIL_1], [EMAIL], [CUSTOMER_1], [SECRET_1] and [SECRET]",
    );
  });

  it("finds a hidden value where no detector would", () => {
    expect(scrubbed(`x_${ada}x`)).not.toContain("acme");
    expect(scrubbed("prefix<<Ada>>suffix")).toBe("prefix[CUSTOMER_1]suffix");
  });

  it("leaves nothing of overlapping values", () => {
    expect(scrubbed(`<<Ada ${ada}>>`)).toBe("[CUSTOMER]");
    expect(scrubbed(`my.${ada}`)).toBe("[EMAIL]");
  });

  it("works before and without a body", async () => {
    const call = createCall();
    expect(call.facts.get(facts.scrub)?.(`from ${ada}`)).toBe("from [EMAIL]");
    await call.hooks.request?.(undefined);
    expect(call.facts.get(facts.payload)).toBeUndefined();
  });
});

describe("an observed call", () => {
  it("records everything found before it objects", () => {
    const call = createCall({ mode: "observe", scanner: scannerOf({ ...secret, action: "block" }, email) });
    const { refusal } = call.send({ messages: [{ id: "sk-12345678", content: ada }] });
    expect(refusal).toMatchObject({ code: "secret_blocked" });
    expect(call.facts.get(facts.findings)).toHaveLength(2);
  });

  it("does not object to the body for what stood in the head", () => {
    const call = createCall({ mode: "observe", head: { headers: { "x-tag": ada } } });
    expect(thrownBy(() => call.hooks.head?.())).toMatchObject({ code: "unmaskable" });
    expect(call.send(messages("hello")).refusal).toBeUndefined();
  });

  it("restores nothing", () => {
    const call = createCall({ mode: "observe" });
    call.send(messages(ada));
    expect(call.answer().hooks).toBeUndefined();
  });
});
