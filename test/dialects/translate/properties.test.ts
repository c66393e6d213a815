import fc from "fast-check";
import type { DialectName } from "../../../src/dialects/dialect.ts";
import { createTranslation } from "../../../src/dialects/translate/translate.ts";
import { anthropicBody, openaiBody } from "./bodies.ts";
import { bytesOf, now, otherOf, request } from "./scene.ts";
import { complaints, type Sample } from "./types.ts";

type Body = Record<string, unknown>;
const bodies = { "openai-chat": openaiBody, "anthropic-messages": anthropicBody } as const;
const callers = ["openai-chat", "anthropic-messages"] as const;

/** Every marked text of a body with its place. */
function marksIn(value: unknown, at = ""): [place: string, text: string][] {
  if (typeof value === "string") return (value.match(/v\d+x/g) ?? []).map((text) => [at, text]);
  if (Array.isArray(value)) return value.flatMap((item, index) => marksIn(item, `${at}[${index}]`));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, below]) => marksIn(below, at === "" ? key : `${at}.${key}`));
}

/** Is the place, or one around it, named as lost? What is told to be moved or changed is still there. */
const isNamed = (place: string, losses: readonly string[]): boolean =>
  losses.some((loss) => place === loss || place.startsWith(`${loss}.`) || place.startsWith(`${loss}[`));

/** Settings by what they mean, in either wire; `undefined` where nothing is asked for. */
const meanings: Readonly<Record<DialectName, Readonly<Record<string, (body: Body) => unknown>>>> = {
  "openai-chat": {
    stream: (body) => body.stream,
    temperature: (body) => body.temperature,
    top_p: (body) => body.top_p,
    max_completion_tokens: (body) => body.max_completion_tokens ?? body.max_tokens,
    seed: (body) => body.seed,
    presence_penalty: (body) => body.presence_penalty,
    logit_bias: (body) => body.logit_bias,
    reasoning_effort: (body) => body.reasoning_effort,
    "response_format.type": (body) => (body.response_format as Body | undefined)?.type,
    service_tier: (body) => body.service_tier,
    parallel_tool_calls: (body) => (body.tool_choice === "none" ? undefined : body.parallel_tool_calls),
    tool_choice: (body) => JSON.stringify(body.tool_choice),
  },
  "anthropic-messages": {
    stream: (body) => body.stream,
    temperature: (body) => body.temperature,
    top_p: (body) => body.top_p,
    top_k: (body) => body.top_k,
    max_tokens: (body) => body.max_tokens,
    "output_config.effort": (body) => (body.output_config as Body | undefined)?.effort,
    "output_config.format": (body) => ((body.output_config as Body | undefined)?.format as Body | undefined)?.type,
    service_tier: (body) => body.service_tier,
    "tool_choice.type": (body) => (body.tool_choice as Body | undefined)?.type,
    "tool_choice.disable_parallel_tool_use": (body) =>
      (body.tool_choice as Body | undefined)?.disable_parallel_tool_use,
  },
};

/** What may differ on the way there and back without having been lost: a way of saying nothing. */
const same = (place: string, there: unknown, back: unknown): boolean =>
  there === back ||
  (place === "service_tier" && there === "auto" && back === undefined) ||
  (place === "parallel_tool_calls" && there === true && back === undefined) ||
  (place === "reasoning_effort" && there === "none" && back === undefined) ||
  (place === "tool_choice" && there === '"auto"' && back === undefined);

/** Models of the caller's own provider that together know every setting. */
const knowing = {
  "openai-chat": ["gpt-4.1", "gpt-5.2"],
  "anthropic-messages": ["claude-opus-4-7", "claude-sonnet-4-0", "claude-sonnet-5"],
} as const;

describe.each(callers)("a request of %s that is translated", (caller) => {
  const target = otherOf(caller);

  it("holds every text of the caller's, or names its place", () => {
    fc.assert(
      fc.property(bodies[caller], (body) => {
        const { text, losses } = request(caller, body);
        const missing = marksIn(body).filter(([place, mark]) => !text.includes(mark) && !isNamed(place, losses));
        expect(missing).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it("asks for what the caller asked for, read back, or names it", () => {
    fc.assert(
      fc.property(bodies[caller], (body) => {
        const there = request(caller, body);
        const backs = knowing[caller].map((model) => request(target, { ...there.body, model }).body);
        const named = there.losses.map((loss) => loss.replace(/:\w+$/, ""));
        for (const [place, meaning] of Object.entries(meanings[caller])) {
          const asked = meaning(body);
          const got = backs.map(meaning);
          if (asked === undefined || got.some((each) => same(place, asked, each))) continue;
          expect([place, asked, got, named]).toEqual([
            place,
            asked,
            got,
            expect.arrayContaining([expect.stringContaining(place.split(".")[0] ?? "")]),
          ]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("names places, never what stands there", () => {
    fc.assert(
      fc.property(bodies[caller], (body) => {
        expect(request(caller, body).losses.join(" ")).not.toMatch(/v\d+x/);
      }),
    );
  });

  it("is the same bytes each time, and the earlier turns stay as they are when the conversation goes on", () => {
    fc.assert(
      fc.property(bodies[caller], (body) => {
        const messages = body.messages as Body[];
        const longer = { ...body, messages: [...messages, { role: "user", content: "More" }] };
        const [first, next] = [request(caller, body), request(caller, longer)];
        expect(request(caller, body).text).toBe(first.text);
        const settled = (first.body.messages as Body[]).filter(({ role }) => role === "assistant");
        const later = (next.body.messages as Body[]).filter(({ role }) => role === "assistant");
        expect(later.slice(0, settled.length)).toEqual(settled);
      }),
    );
  });
});

describe.each(callers)("%s, read into the neutral model and written again", (wire) => {
  it("says what it said, or names it", () => {
    fc.assert(
      fc.property(bodies[wire], fc.constantFrom(...knowing[wire]), (given, model) => {
        const body: Body = { ...given, model };
        const { body: bytes, losses } = createTranslation(wire, wire, bytesOf(body), { usage: true, now });
        const text = bytes.toString();
        const missing = marksIn(body).filter(([place, mark]) => !text.includes(mark) && !isNamed(place, losses));
        expect(missing).toEqual([]);
        const named = losses.map((loss) => loss.replace(/:\w+$/, ""));
        for (const [place, meaning] of Object.entries(meanings[wire])) {
          const [asked, got] = [meaning(body), meaning(JSON.parse(text))];
          if (asked === undefined || same(place, asked, got)) continue;
          expect([place, asked, got, named]).toEqual([
            place,
            asked,
            got,
            expect.arrayContaining([expect.stringContaining(place.split(".")[0] ?? "")]),
          ]);
        }
      }),
      { numRuns: 300 },
    );
  });
});

it("translated requests fit what the SDKs declare", () => {
  const samples = callers.flatMap((caller) =>
    fc.sample(bodies[caller], { numRuns: 25, seed: 7 }).map((body): Sample => {
      const { body: value } = request(caller, body);
      return { kind: "request", dialect: otherOf(caller), value };
    }),
  );
  expect(complaints(samples).flat()).toEqual([]);
});
