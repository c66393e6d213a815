import { anthropicMessages as dialect } from "../../src/dialects/anthropic-messages.ts";
import { createDocument } from "../../src/document.ts";
import type { Slot } from "../../src/slot.ts";
import { bytesOf, eventsOf, eventWith, place, requestOf, wholeOf } from "../fixtures/anthropic-messages/read.ts";

const values = (slots: readonly Slot[]) => slots.filter((slot) => slot.kind !== "key");
const kinds = (slots: readonly Slot[]) =>
  Object.fromEntries(values(slots).map((slot) => [place(slot), `${slot.kind} ${slot.section}`]));
const request = kinds(createDocument(bytesOf("request.json"), dialect.requestRules).slots);

describe("a request's strings", () => {
  it.each([
    ["system.0.text", "text system"],
    ["tools.0.description", "text tools"],
    ["tools.0.input_schema.properties.email.description", "text tools"],
    ["tools.0.input_schema.properties.email.type", "text tools"],
    ["tools.0.input_schema.required.0", "text tools"],
    ["stop_sequences.0", "text other"],
    ["metadata.user_id", "text other"],
    ["future_field.note", "text other"],
    ["messages.0.content", "text messages"],
    ["messages.1.content.2.text", "text messages"],
    ["messages.1.content.2.citations.0.cited_text", "text messages"],
    ["messages.1.content.2.citations.0.document_title", "text messages"],
    ["messages.1.content.3.input.email", "text messages"],
    ["messages.1.content.3.input.type", "text messages"],
    ["messages.1.content.3.input.nested.0.id", "text messages"],
    ["messages.2.content.0.content.0.text", "text messages"],
    ["messages.2.content.1.content", "text messages"],
    ["messages.2.content.2.title", "text messages"],
    ["messages.2.content.2.context", "text messages"],
    ["messages.2.content.2.source.data", "text messages"],
    ["messages.2.content.3.source.content.0.text", "text messages"],
    ["messages.2.content.4.source", "text messages"],
    ["messages.2.content.4.content.0.text", "text messages"],
  ])("%s may be edited", (at, expected) => {
    expect(request[at]).toBe(expected);
  });

  it.each([
    ["model", "opaque other"],
    ["thinking.type", "opaque other"],
    ["tool_choice.type", "opaque other"],
    ["system.0.type", "opaque system"],
    ["system.0.cache_control.type", "opaque system"],
    ["system.0.cache_control.ttl", "opaque system"],
    ["tools.0.name", "opaque tools"],
    ["tools.0.cache_control.type", "opaque tools"],
    ["tools.1.type", "opaque tools"],
    ["messages.1.role", "opaque messages"],
    ["messages.1.content.0.thinking", "opaque messages"],
    ["messages.1.content.2.citations.0.type", "opaque messages"],
    ["messages.1.content.3.id", "opaque messages"],
    ["messages.1.content.3.name", "opaque messages"],
    ["messages.2.content.0.tool_use_id", "opaque messages"],
    ["messages.2.content.0.content.1.source.media_type", "opaque messages"],
    ["messages.2.content.5.cache_control.type", "opaque messages"],
  ])("%s never is", (at, expected) => {
    expect(request[at]).toBe(expected);
  });

  it.each([
    "messages.1.content.0.signature",
    "messages.1.content.1.data",
    "messages.2.content.0.content.1.source.data",
  ])("%s is not read", (at) => {
    expect(request[at]).toBe("binary messages");
  });

  it("reads what only pretends to be base64, and never edits what is sealed", () => {
    const odd = kinds(
      requestOf({
        messages: [
          {
            role: "user",
            content: [
              { type: "image", source: { type: "base64", media_type: "image/png", data: "mail anna@example.com" } },
              { type: "redacted_thinking", data: "mail anna@example.com" },
            ],
          },
        ],
      }).slots,
    );
    expect(odd["messages.0.content.0.source.data"]).toBe("text messages");
    expect(odd["messages.0.content.1.data"]).toBe("opaque messages");
  });

  it("never edits what a tool that is added among the messages is called, and reads what it says", () => {
    const definition = { type: "custom", name: "send_mail", description: "To anna@example.com", input_schema: {} };
    const content = [{ type: "tool_addition", tool: { type: "tool_definition", definition } }];
    const odd = kinds(requestOf({ messages: [{ role: "system", content, output_config: { effort: "low" } }] }).slots);
    const at = "messages.0.content.0.tool";
    expect(odd[`${at}.type`]).toBe("opaque messages");
    expect(odd[`${at}.definition.name`]).toBe("opaque messages");
    expect(odd[`${at}.definition.description`]).toBe("text messages");
    expect(odd["messages.0.output_config.effort"]).toBe("opaque messages");
  });

  it("does not read a credit for a fallback", () => {
    const credit = Buffer.alloc(120, 7).toString("base64");
    const kindOf = (fallback_credit_token: unknown) => values(requestOf({ fallback_credit_token }).slots)[0]?.kind;
    expect([kindOf(credit), kindOf({ token: credit }), kindOf("anna@example.com")]).toEqual([
      "binary",
      "binary",
      "text",
    ]);
  });

  it("finds a secret for a server of tools, and an address of a picture", () => {
    const odd = kinds(
      requestOf({
        mcp_servers: [{ type: "url", url: "https://mcp.example", name: "crm", authorization_token: "t0ken" }],
        messages: [{ role: "user", content: [{ type: "image", source: { type: "url", url: "https://a.example" } }] }],
      }).slots,
    );
    expect(odd["mcp_servers.0.authorization_token"]).toBe("text other");
    expect(odd["messages.0.content.0.source.url"]).toBe("text messages");
  });

  it("takes tools, then system, then messages, then the rest", () => {
    const { slots } = createDocument(bytesOf("request.json"), dialect.requestRules, { nested: true });
    const sections = values(slots).map((slot) => slot.section);
    expect(sections.filter((section, i) => section !== sections[i - 1])).toEqual([
      "tools",
      "system",
      "messages",
      "other",
    ]);
  });
});

describe("an answer's strings", () => {
  it("never edit what a refusal gives back, and who a fallback is", () => {
    const credit = Buffer.alloc(120, 7).toString("base64");
    const stop_details = { type: "refusal", category: "cyber", explanation: "no", fallback_credit_token: credit };
    const said = eventWith({ type: "message_delta", delta: { stop_reason: "refusal", stop_details }, usage: {} });
    expect(kinds(said.document()?.slots ?? [])).toMatchObject({
      "delta.stop_details.category": "opaque system",
      "delta.stop_details.explanation": "text system",
      "delta.stop_details.fallback_credit_token": "binary system",
    });
    const block = { type: "fallback", from: { model: "a" }, to: { model: "b" }, trigger: { type: "refusal" } };
    const over = eventWith({ type: "content_block_start", index: 0, content_block: block });
    expect(kinds(over.document()?.slots ?? [])["content_block.to.model"]).toBe("opaque system");
  });

  it("are text where the model speaks, whole", () => {
    const found = kinds(wholeOf("message.json").document()?.slots ?? []);
    expect(found).toMatchObject({
      "content.0.thinking": "opaque messages",
      "content.0.signature": "binary system",
      "content.1.text": "text messages",
      "content.2.id": "opaque system",
      "content.2.name": "opaque messages",
      "content.2.input.email": "text messages",
      stop_reason: "opaque system",
      model: "opaque system",
      "usage.service_tier": "opaque system",
    });
  });

  it("are text where the model speaks, streamed", () => {
    const slots = ["thinking.sse", "parallel-tools.sse", "server-tool.sse"].flatMap((name) =>
      eventsOf(name).flatMap((event) => event.document()?.slots ?? []),
    );
    const found = values(slots).map((slot) => `${place(slot)} ${slot.kind} ${slot.encoding}`);
    expect(found).toEqual(
      expect.arrayContaining([
        "delta.text text text",
        "delta.partial_json text json",
        "delta.thinking opaque text",
        "delta.signature opaque text",
        "delta.citation.cited_text text text",
        "delta.citation.encrypted_index opaque text",
        "content_block.id opaque text",
        "content_block.content.0.title text text",
        "content_block.content.0.encrypted_content binary text",
        "message.model opaque text",
        "delta.stop_reason opaque text",
      ]),
    );
    expect(found).not.toContain("delta.thinking text text");
  });

  it("are text in fields and events of next year, and in an error's message", () => {
    const found = eventsOf("unknown.sse").flatMap((event) => event.document()?.slots ?? []);
    const texts = values(found).filter((slot) => slot.kind === "text");
    expect(texts.map((slot) => slot.text)).toEqual(expect.arrayContaining(["new", "ask [EMAIL_1]", "high", "b7"]));
    const error = { type: "error", error: { type: "invalid_request_error", message: "[EMAIL_1]: no" } };
    expect(kinds(eventWith(error).document()?.slots ?? [])["error.message"]).toBe("text system");
  });
});
