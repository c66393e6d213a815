import { gzipSync } from "node:zlib";
import type { Step } from "../../../src/index.ts";
import { gate } from "../../doubles/gate.ts";
import { asking, chunk, email, until } from "../scene.ts";
import { body, type Conversation, codes, headerMap, opening, protocols } from "./client.ts";
import { type Lab, type LabOptions, startLab } from "./lab.ts";

let lab: Lab;
const begin = async (options: LabOptions = {}): Promise<void> => {
  lab = await startLab({ ...options, processor: { mode: "tap", ...options.processor } });
};
afterEach(() => lab.close());

const seen = (message: object): object => ({ ...message, observabilityMode: true });
const head = (headers: Readonly<Record<string, string>>, endOfStream = false): object =>
  seen({ responseHeaders: { headers: headerMap({ ":status": "200", ...headers }), endOfStream } });
const json = { "content-type": "application/json" };
const sse = { "content-type": "text/event-stream" };
const usage = { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 };
const whole = JSON.stringify({
  id: "c",
  object: "chat.completion",
  created: 1,
  model: "gpt-5-mini",
  choices: [{ index: 0, message: { role: "assistant", content: "Hello." }, finish_reason: "stop" }],
  usage,
});
const told = `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "gpt-5-mini", choices: [], usage })}\n\n`;

/** Copies of a request, as Envoy sends them: in pieces, with an empty end. */
function asked(content: string, fields: object = {}, headers: Readonly<Record<string, string>> = {}): Conversation {
  const call = lab.client.talk();
  const { body: request = "" } = asking(content, fields);
  call.send(opening({ protocol: protocols.tap, observabilityMode: true, headers }));
  call.send(seen(body("request", request.slice(0, 30))));
  call.send(seen(body("request", request.slice(30))));
  call.send(seen(body("request", "", true)));
  return call;
}

describe("tap", () => {
  it("meters a whole answer, and never says a word", async () => {
    await begin();
    const call = asked(`Write to ${email}.`);
    call.send(head(json));
    call.send(seen(body("response", whole.slice(0, 50))));
    call.send(seen(body("response", whole.slice(50))));
    call.send(seen(body("response", "", true)));
    await lab.settled(1);
    expect(lab.receipts[0]).toMatchObject({
      outcome: "answered",
      usage: { input: 20, output: 5 },
      findings: [{ type: "EMAIL", count: 1 }],
    });
    expect(lab.receipts[0]?.cost).toBeGreaterThan(0n);
    expect((await call.ended).code).toBe(codes.ok);
    expect(call.said).toHaveLength(0);
  });

  it("meters a stream, an encoded one too", async () => {
    await begin();
    const stream = [chunk({ content: "Hello." }), chunk({}, "stop"), told, "data: [DONE]\n\n"];
    for (const headers of [sse, { ...sse, "content-encoding": "gzip" }]) {
      const call = asked("Hi.", { stream: true });
      call.send(head(headers));
      const bytes = headers === sse ? stream.map((each) => Buffer.from(each)) : [gzipSync(stream.join(""))];
      for (const piece of bytes) call.send(seen(body("response", piece)));
      call.send(seen(body("response", "", true)));
      await call.ended;
    }
    await lab.settled(2);
    for (const receipt of lab.receipts) expect(receipt).toMatchObject({ outcome: "answered", usage: { output: 5 } });
  });

  it("takes an answer that overtakes what the steps do about its request", async () => {
    const { opened, open } = gate();
    const slow: Step = { name: "slow", open: () => ({ request: () => opened }) };
    await begin({ gateway: { steps: [{ after: "access", step: slow }] } });
    const call = asked("Hi.");
    call.send(head(json));
    call.send(seen(body("response", whole, true)));
    const other = asked("Hi again.");
    open();
    await until(() => lab.receipts.length === 1);
    expect(lab.receipts[0]?.outcome).toBe("answered");
    await call.ended;
    other.reset();
    await lab.settled(2);
  });

  /** Red when Envoy's close is taken for the caller's. */
  it.each(["reset", "halfClose"] as const)(
    "reads an answer to its end that came whole before the close: %s",
    async (leave) => {
      const { opened, open } = gate();
      const slow: Step = {
        name: "slow",
        open: ({ head: { headers } }) => ({ request: () => (headers["x-slow"] ? opened : undefined) }),
      };
      await begin({ gateway: { steps: [{ after: "access", step: slow }] } });
      const call = asked("Hi.", {}, { "x-slow": "yes" });
      call.send(head({ ...json, "content-encoding": "gzip" }));
      call.send(seen(body("response", gzipSync(whole), true)));
      const other = asked("Is the first one there?");
      other.send(head(json));
      other.send(seen(body("response", whole, true)));
      await until(() => lab.receipts.length === 1);
      call[leave]();
      await call.ended;
      open();
      await lab.settled(2);
      expect(lab.receipts[1]).toMatchObject({ outcome: "answered", usage: { output: 5 } });
    },
  );

  it.each(["reset", "halfClose"] as const)("takes a call without its answer's end for aborted: %s", async (leave) => {
    await begin();
    const call = asked("Hi.", { stream: true });
    call.send(head(sse));
    call.send(seen(body("response", chunk({ content: "Half" }))));
    const other = asked("Is anybody there?");
    other.send(head(json));
    other.send(seen(body("response", whole, true)));
    await until(() => lab.receipts.length === 1);
    call[leave]();
    await lab.settled(2);
    expect(lab.receipts[1]?.outcome).toBe("aborted");
    expect(call.said).toHaveLength(0);
  });

  it("records what would have been refused, and lets it pass", async () => {
    await begin({ overrides: { budgets: [{ scope: { team: "search" }, limit: "$0.000001", window: "total" }] } });
    const call = asked("Hi.");
    call.send(head(json));
    call.send(seen(body("response", whole, true)));
    await until(() => lab.receipts.length === 1);
    expect(lab.receipts[0]).toMatchObject({ outcome: "answered", observed: ["budget_exceeded"] });
    await call.ended;
  });

  it("records that a caller is unknown", async () => {
    await begin();
    const call = asked("Hi.", {}, { authorization: "Bearer nobody" });
    call.send(head(json));
    call.send(seen(body("response", whole, true)));
    expect((await call.ended).code).toBe(codes.ok);
    await lab.settled(1);
    expect(lab.receipts[0]?.observed).toContain("unknown_key");
    expect(call.said).toHaveLength(0);
  });

  it("gives up on an answer that would have to be kept for too long", async () => {
    const never: Step = { name: "never", open: () => ({ request: () => new Promise<void>(() => {}) }) };
    await begin({ processor: { answerBytes: 1_000 }, gateway: { steps: [{ after: "access", step: never }] } });
    const call = asked("Hi.");
    call.send(head(json));
    call.send(seen(body("response", Buffer.alloc(2_000))));
    expect((await call.ended).code).toBe(codes.ok);
    await lab.settled(1);
    expect(lab.receipts[0]?.outcome).toBe("aborted");
  });

  it("does not begin with a filter that waits for answers", async () => {
    await begin();
    const call = lab.client.talk();
    call.send(opening({ protocol: protocols.tap }));
    expect((await call.ended).code).toBe(codes.failedPrecondition);
  });

  it("ends a stream out of order with an error", async () => {
    await begin();
    const call = lab.client.talk();
    call.send(seen(body("request", "x")));
    expect((await call.ended).code).toBe(codes.invalidArgument);
  });
});
