import { createTestGateway, type Piece, type ScriptedAnswer, type TestGateway } from "../../adapters/testing.ts";
import { answerWith, askedIn } from "../../adapters/testing-wire.ts";
import { hashKey, type Receipt } from "../../src/index.ts";
import { createGatedClock, type GatedClock } from "../doubles/gated-clock.ts";
import {
  type Break,
  type Caller,
  callers,
  email,
  fatal,
  harmless,
  huge,
  inBand,
  restored,
  stopped,
  withThis,
  words,
} from "./translation-fault-kinds.ts";

const names = Object.keys(callers) as Caller[];

let clock: GatedClock;
let test: TestGateway;
beforeEach(() => {
  clock = createGatedClock();
  test = createTestGateway(
    {
      targets: { gpt: { provider: "openai", apiKey: "sk-op" }, claude: { provider: "anthropic", apiKey: "sk-op" } },
      models: {
        gpt: { targets: [{ target: "gpt", model: "gpt-4.1-mini" }] },
        claude: { targets: [{ target: "claude", model: "claude-sonnet-4-5" }] },
        "gpt-first": {
          targets: [
            { target: "gpt", model: "gpt-4.1-mini" },
            { target: "claude", model: "claude-sonnet-4-5" },
          ],
        },
        "claude-first": {
          targets: [
            { target: "claude", model: "claude-sonnet-4-5" },
            { target: "gpt", model: "gpt-4.1-mini" },
          ],
        },
      },
      access: { keys: [{ id: "own", hash: hashKey("sk-own"), team: "own" }] },
      budgets: [{ scope: { team: "own" }, limit: "$100", window: "total" }],
      routing: { deadline: "60s" },
    },
    { clock },
  );
});
afterEach(() => test.close());

interface Heard {
  readonly status: number;
  readonly text: string;
  readonly receipt: Receipt;
}

/** One streamed call, on a clock that jumps from timer to timer as long as nothing else happens. */
async function heard(
  caller: Caller,
  model: string,
  script: (whole: readonly Piece[], number: number) => ScriptedAnswer,
): Promise<Heard> {
  test.answer((request, number) => {
    const { contentType, pieces } = answerWith(askedIn(request.url, request.body), words);
    return { headers: { "content-type": contentType }, ...script(pieces, number) };
  });
  const body = { model, stream: true, max_tokens: 100, messages: [{ role: "user", content: `I am ${email}` }] };
  const headers = { authorization: "Bearer sk-own", "content-type": "application/json" };
  let over = false;
  const call = (async () => {
    const answer = await test.fetch(callers[caller].url, { method: "POST", headers, body: JSON.stringify(body) });
    return { status: answer.status, text: await answer.text() };
  })().finally(() => {
    over = true;
  });
  const began = clock.ticks();
  for (let idle = 0; !over; idle++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (idle % 10_000 === 9_999) clock.step();
  }
  expect(clock.ticks() - began).toBeLessThanOrEqual(60_000);
  const { status, text } = await call;
  for (let turn = 0; turn < 20 && test.receipts.length === 0; turn++)
    await new Promise((resolve) => setImmediate(resolve));
  expect(test.receipts).toHaveLength(1);
  return { status, text, receipt: test.receipts[0] as Receipt };
}

const eventsIn = (text: string) => [...text.matchAll(/^data: (\{.*)$/gm)].map(([, data]) => JSON.parse(data as string));
const saidIn = (text: string): string =>
  eventsIn(text)
    .map((event) => event.choices?.[0]?.delta.content ?? event.delta?.text ?? "")
    .join("");
const errorIn = (event: { readonly error?: { readonly code?: string } } | undefined) => event?.error;
const other = (caller: Caller): string => (caller === "openai" ? "claude" : "gpt");

function checkWhole(caller: Caller, { status, text, receipt }: Heard): void {
  expect({ status, said: saidIn(text), outcome: receipt.outcome }).toEqual({
    status: 200,
    said: restored,
    outcome: "answered",
  });
  expect(text.match(new RegExp(callers[caller].ends.replace(/[[\]]/g, "\\$&"), "g"))).toHaveLength(1);
  expect(receipt.usage.output).toBe(Math.ceil(words.length / 4));
  expect(receipt.usage.final).toBe(true);
  expect(receipt.cost).toBeGreaterThan(0n);
}

describe.each(names)("an answer in the other wire, to a caller of %s", (caller) => {
  /** Of the provider's pieces, the first that no caller gets to see, and one within the text. */
  const [before, after] = [1, 9];

  it.each(fatal)("before content, %s is an error by its status", async (_name, break_, expected) => {
    const { status, text, receipt } = await heard(caller, other(caller), (whole) => break_(whole, before, caller));
    expect(status).toBe(expected.before);
    expect(errorIn(JSON.parse(text))?.code).toBe(expected.code);
    expect(receipt.outcome).toBe("failed");
  });

  it.each(fatal)("before content, %s is made good by the next target", async (_name, break_) => {
    const result = await heard(caller, `${other(caller)}-first`, (whole, number) =>
      number === 1 ? break_(whole, before, caller) : { pieces: whole },
    );
    checkWhole(caller, result);
    expect(result.receipt.attempts).toHaveLength(2);
  });

  it.each(fatal)("behind content, %s ends in an error event", async (_name, break_, expected) => {
    const { status, text, receipt } = await heard(caller, other(caller), (whole) => break_(whole, after, caller));
    expect(status).toBe(200);
    expect(restored.startsWith(saidIn(text))).toBe(true);
    expect(saidIn(text)).not.toBe("");
    expect(errorIn(eventsIn(text).at(-1))?.code).toMatch(expected.after);
    expect(text).not.toContain(callers[caller].ends);
    expect(receipt.outcome).not.toBe("answered");
    expect(receipt.cost).toBeGreaterThan(0n);
  });

  it.each([before, after])("silence from its piece %s on ends in an error event when the time is over", async (at) => {
    const { status, text, receipt } = await heard(caller, other(caller), (whole) =>
      stopped("silent")(whole, at, caller),
    );
    expect(status).toBe(200);
    expect(errorIn(eventsIn(text).at(-1))?.code).toBe("deadline_exceeded");
    expect(text).not.toContain(callers[caller].ends);
    expect(receipt.outcome).toBe("failed");
  });

  it("before content, an error in the stream is one by its status", async () => {
    const { status, text } = await heard(caller, other(caller), (whole) =>
      withThis(inBand[caller])(whole, before, caller),
    );
    expect(status).toBeGreaterThanOrEqual(500);
    expect(errorIn(JSON.parse(text))).toBeDefined();
  });

  it("behind content, an error in the stream is told in the caller's wire, and nothing follows", async () => {
    const { text, receipt } = await heard(caller, other(caller), (whole) =>
      withThis(inBand[caller])(whole, after, caller),
    );
    const last = eventsIn(text).at(-1);
    expect(last.error.message).toBe(`busy ${email}`);
    expect(last.type).toBe(caller === "anthropic" ? "error" : undefined);
    expect(text).not.toContain(callers[caller].ends);
    expect(receipt.outcome).not.toBe("answered");
  });

  it.each(harmless)("%s takes nothing away, before content and behind it", async (_name, break_) => {
    checkWhole(caller, await heard(caller, other(caller), (whole) => break_(whole, before, caller)));
    expect(await heardAgain(caller, break_, after)).toBe(restored);
  });

  it("a delta of a megabyte arrives", async () => {
    const { text } = await heard(caller, other(caller), (whole) => ({
      pieces: whole.map((piece) => String(piece).replace('"Hell', `"${huge}Hell`)),
    }));
    expect(saidIn(text)).toHaveLength(restored.length + huge.length);
  });
});

async function heardAgain(caller: Caller, break_: Break, at: number): Promise<string> {
  const before = test.receipts.length;
  test.answer((request) => {
    const { contentType, pieces } = answerWith(askedIn(request.url, request.body), words);
    return { headers: { "content-type": contentType }, ...break_(pieces, at, caller) };
  });
  const body = {
    model: other(caller),
    stream: true,
    max_tokens: 100,
    messages: [{ role: "user", content: `I am ${email}` }],
  };
  const headers = { authorization: "Bearer sk-own", "content-type": "application/json" };
  const answer = await test.fetch(callers[caller].url, { method: "POST", headers, body: JSON.stringify(body) });
  const text = await answer.text();
  expect(text).toContain(callers[caller].ends);
  expect(before).toBe(1);
  return saidIn(text);
}
