import { schema } from "../../src/config/schema.ts";
import { createScanner } from "../../src/redaction/detectors/scanner.ts";
import { createCall } from "./doubles/call.ts";

const ada = "ada@acme.com";

function callWith(redaction: object) {
  return createCall({ scanner: createScanner(schema.parse({ redaction }).redaction, []), redaction });
}

const sentBy = (redaction: object, content: string) =>
  JSON.parse(callWith(redaction).send({ messages: [{ content }] }).sent).messages[0].content;

/** The step with the detectors that it really runs on. */
describe("with the real detectors", () => {
  it.each([
    ["EMAIL", ada],
    ["PHONE", "+49 30 901820"],
    ["CREDIT_CARD", "4111 1111 1111 1111"],
    ["IBAN", "DE89 3704 0044 0532 0130 00"],
    ["IP_ADDRESS", "192.168.7.13"],
    ["US_SSN", "SSN 536-90-4399"],
  ])("hides look-alikes of %s, for it can be restored", (type, value) => {
    expect(sentBy({}, `My number or address: ${value}.`)).toContain(`[${type}_1]`);
    expect(sentBy({}, `[${type}_1]`)).toBe("[LITERAL_1]");
  });

  it("hides look-alikes of a type only while it is masked", () => {
    expect(sentBy({ pii: { email: "flag" } }, `${ada} [EMAIL_1]`)).toBe(`${ada} [EMAIL_1]`);
  });

  it("leaves values alone that the operator allows, compared exactly", () => {
    expect(sentBy({ allow: [ada] }, `${ada} ${ada.toUpperCase()}`)).toBe(`${ada} [EMAIL_1]`);
  });

  it("finds no personal data in its own placeholders, so that masked text is not masked again", () => {
    const content = "[EMAIL_1] [CREDIT_CARD_12] [IP_ADDRESS_4] [SECRET_1]";
    const call = callWith({ pii: { email: "flag", creditCard: "flag", ipAddress: "flag" } });
    expect(JSON.parse(call.send({ messages: [{ content }] }).sent).messages[0].content).toBe(content);
    expect(call.hooks.answer?.({} as never)).toEqual({});
  });
});
