import fc from "fast-check";
import { facts } from "../../src/facts.ts";
import { restore } from "../../src/redaction/restore.ts";
import { Vault } from "../../src/redaction/vault.ts";
import { createCall, defaultScanner, read, type TestCall } from "../redaction/doubles/call.ts";
import { type Delta, wireEvent } from "../redaction/doubles/dialect.ts";

const runs = { numRuns: 300 };

const value = fc.constantFrom(
  "ada@acme.com",
  "Ada@acme.com",
  "b@x.io",
  "+4915112345678",
  '<<O\'Hara "Bull" \\>>',
  "<<\n\u0000\ud83d\ude00\ud800>>",
);
const lookAlike = fc.constantFrom(
  "[EMAIL_1]",
  "[ email_2 ]",
  "\\[CUSTOMER_1\\]",
  "[PHONE_1\\]",
  "[LITERAL_1]",
  "\\\\[EMAIL_1\\]",
);
const fragment = fc.constantFrom(
  "[",
  "]",
  "\\",
  "[EMAIL",
  "_1",
  "[EMAIL_",
  "[[",
  " ",
  '"',
  "\n",
  "\ud83d",
  "\ude00",
  "{",
  "EMAIL_1]",
  "\\]",
);
const noise = fc.string({ unit: "binary", maxLength: 6 });
const part = fc.oneof(value, lookAlike, fragment, noise);
const prose = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(""));
/** Anything that restoring has to read, in any order: mostly no placeholder, often nearly one. */
const soup = fc
  .array(
    fc.oneof(fragment, fc.constantFrom("EMAIL", "email", "CUSTOMER", "_", "1", "2", "7", "[EMAIL_1]", "[CUSTOMER_1]")),
    { maxLength: 24 },
  )
  .map((parts) => parts.join(""));
const cuts = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 12 });

/** Cuts a text into pieces of the given lengths, over and over; a cut may part a surrogate pair. */
function pieces(text: string, lengths: readonly number[]): string[] {
  const cut: string[] = [];
  for (let at = 0, turn = 0; at < text.length; turn++) {
    const length = lengths[turn % lengths.length] ?? 1;
    cut.push(text.slice(at, at + length));
    at += length;
  }
  return cut;
}

interface Plan {
  readonly cuts: readonly (readonly number[])[];
  /** Which channel speaks next, and whether it does so in the event of the one before. */
  readonly turns: readonly { readonly channel: number; readonly together: boolean }[];
  readonly ending: "ends" | "[DONE]" | "close";
}
const plan: fc.Arbitrary<Plan> = fc.record({
  cuts: fc.array(cuts, { minLength: 1, maxLength: 4 }),
  turns: fc.array(fc.record({ channel: fc.nat(3), together: fc.boolean() }), { minLength: 1, maxLength: 40 }),
  ending: fc.constantFrom("ends", "[DONE]", "close"),
});

/** The texts as the events of one stream, each on its own channel, interleaved as planned. */
function eventsOf(texts: Record<string, string>, { cuts: lengths, turns, ending }: Plan): Uint8Array[] {
  const queues = Object.entries(texts).map(([channel, text], index) => ({
    channel,
    left: pieces(text, lengths[index % lengths.length] ?? [1]),
  }));
  const events: Delta[][] = [];
  for (let turn = 0; queues.some(({ left }) => left.length > 0); turn++) {
    const { channel: chosen = 0, together = false } = turns[turn % turns.length] ?? {};
    const waiting = queues.filter(({ left }) => left.length > 0);
    const { channel, left } = waiting[(chosen + turn) % waiting.length] as (typeof waiting)[0];
    const delta = { channel, [channel.startsWith("json") ? "json" : "text"]: left.shift() ?? "" };
    const last = events.at(-1);
    if (together && last && !last.some((other) => other.channel === channel)) last.push(delta);
    else events.push([delta]);
  }
  const bytes = events.map((deltas) => wireEvent(deltas));
  if (ending === "ends") bytes.push(wireEvent([], Object.keys(texts)));
  if (ending === "[DONE]") bytes.push(Buffer.from("data: [DONE]\n\n"));
  return bytes;
}

function answered(call: TestCall, texts: Record<string, string>, how: Plan): Record<string, string> {
  const attempt = call.answer();
  const out = eventsOf(texts, how).map((event) => attempt.write(event));
  return {
    ...Object.fromEntries(Object.keys(texts).map((channel) => [channel, ""])),
    ...read(out.join("") + attempt.close()),
  };
}

interface Sent {
  readonly messages: readonly { readonly content: string; readonly arguments: string }[];
}

/** What a model that repeats everything would answer, by channel. */
const echo = ({ messages }: Sent): Record<string, string> =>
  Object.fromEntries(
    messages.flatMap((one, index) => [
      [`${index}`, one.content],
      [`json.${index}`, one.arguments],
    ]),
  );

describe("restore after redact", () => {
  it("is identity, over every cut of the deltas and every interleaving of the channels", () => {
    const message = fc.record({ content: prose, arguments: fc.dictionary(noise, prose, { maxKeys: 3 }) });
    let hidden = 0;
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 3 }), plan, (given, how) => {
        const call = createCall();
        const body = {
          messages: given.map((one) => ({ content: one.content, arguments: JSON.stringify(one.arguments) })),
        };
        const { sent, refusal } = call.send(body);
        expect(refusal).toBeUndefined();
        hidden += call.facts.get(facts.findings)?.length ?? 0;
        const left = echo(JSON.parse(sent));
        for (const text of Object.values(left)) expect(defaultScanner.scan(text)).toEqual([]);
        const back = answered(call, left, how);
        given.forEach((one, index) => {
          expect(back[`${index}`]).toBe(one.content);
          expect(JSON.parse(back[`json.${index}`] ?? "")).toEqual({ ...one.arguments });
        });
      }),
      runs,
    );
    expect(hidden).toBeGreaterThan(runs.numRuns / 2);
  });

  it("is identity for whole answers too", () => {
    fc.assert(
      fc.property(prose, fc.dictionary(noise, prose, { maxKeys: 3 }), (content, given) => {
        const call = createCall();
        const { sent } = call.send({ messages: [{ content, arguments: JSON.stringify(given) }] });
        const attempt = call.answer();
        const { message } = JSON.parse(attempt.whole({ message: JSON.parse(sent).messages[0] }));
        expect(message.content).toBe(content);
        expect(JSON.parse(message.arguments)).toEqual({ ...given });
      }),
      runs,
    );
  });

  it("is not disturbed by another attempt of the same call", () => {
    fc.assert(
      fc.property(prose, prose, cuts, cuts, (one, other, ones, others) => {
        const call = createCall();
        const sent: Sent = JSON.parse(call.send({ messages: [{ content: one }, { content: other }] }).sent);
        const attempts = [ones, others].map((lengths, index) => ({
          attempt: call.answer(),
          left: pieces(sent.messages[index]?.content ?? "", lengths),
          out: "",
        }));
        while (attempts.some(({ left }) => left.length > 0)) {
          for (const each of attempts) {
            const text = each.left.shift();
            if (text !== undefined) each.out += each.attempt.write(wireEvent([{ channel: "a", text }]));
          }
        }
        const texts = attempts.map(({ attempt, out }) => read(out + attempt.close()).a ?? "");
        expect(texts).toEqual([one, other]);
      }),
      runs,
    );
  });
});

describe("restoring any text at all", () => {
  const vault = new Vault();
  vault.hide("EMAIL", "ada@acme.com", "personal");
  vault.hide("EMAIL", '"\\\n[EMAIL_1]', "personal");
  vault.hide("CUSTOMER", "\ud800[", "personal");

  function whole(text: string, encoding: "text" | "json"): string {
    const { restorations } = restore(text, encoding, vault);
    return restorations.reduceRight(
      (out, { start, end, text: put }) => out.slice(0, start) + put + out.slice(end),
      text,
    );
  }

  it.each(["text", "json"] as const)("gives equal %s whatever the cut", (encoding) => {
    fc.assert(
      fc.property(soup, cuts, (text, lengths) => {
        const call = createCall();
        call.send({ messages: [{ content: "ada@acme.com bob@acme.com <<[EMAIL_1]>>" }] });
        const run = (how: Plan) => answered(call, { [encoding]: text }, how)[encoding];
        const turns = [{ channel: 0, together: false }];
        const uncut = run({ cuts: [[text.length + 1]], turns, ending: "ends" });
        expect(run({ cuts: [lengths], turns, ending: "close" })).toBe(uncut);
        expect(run({ cuts: [[1]], turns, ending: "[DONE]" })).toBe(uncut);
      }),
      runs,
    );
  });

  it("means the same in JSON text as in the text that it stands for, and keeps it valid", () => {
    fc.assert(
      fc.property(soup, (text) => {
        expect(JSON.parse(whole(JSON.stringify(text), "json"))).toBe(whole(text, "text"));
      }),
      { numRuns: 2_000 },
    );
  });

  it("holds back at most the longest placeholder, its spaces and its escape", () => {
    fc.assert(
      fc.property(soup, (text) => {
        const { settled } = restore(text, "text", vault);
        expect(text.length - settled).toBeLessThanOrEqual("\\[CUSTOMER_1\\".length + 4);
      }),
      runs,
    );
  });
});
