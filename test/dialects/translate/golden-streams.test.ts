import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { DialectName } from "../../../src/dialects/dialect.ts";
import { createSseParser } from "../../../src/dialects/sse.ts";
import { anthropicReads, least, openaiReads, otherOf, streamed, translate } from "./scene.ts";
import { complaints, type Sample } from "./types.ts";

const fixtures = new URL("../../fixtures/", import.meta.url);
const folder = new URL("translate/streams/", fixtures);

interface Golden {
  readonly name: string;
  readonly target: DialectName;
  readonly sse: Buffer;
  readonly losses: readonly string[];
}

/** What of each stream the caller's wire has no place for. */
const losses: Readonly<Record<string, readonly string[]>> = {
  "reasoning-parts": ["choices[0].delta.content", "choices[0].delta.reasoning_content"],
  refused: ["delta.stop_details.category"],
  sequence: ["content[0].citations", "stop_sequence"],
  "anthropic-messages-thinking": ["content[0]"],
  "openai-chat-logprobs": ["choices[0].logprobs"],
  "openai-chat-azure": ["choices[0].content_filter_results"],
};

const own = readdirSync(folder).filter((name) => !name.endsWith(".out.sse"));
const others: readonly [DialectName, string][] = [
  ["anthropic-messages", "text"],
  ["anthropic-messages", "thinking"],
  ["anthropic-messages", "parallel-tools"],
  ["anthropic-messages", "error-after-content"],
  ["openai-chat", "plain"],
  ["openai-chat", "tools"],
  ["openai-chat", "usage"],
  ["openai-chat", "refusal"],
  ["openai-chat", "logprobs"],
  ["openai-chat", "azure"],
];

const goldens: readonly Golden[] = [
  ...own.map((file) => {
    const [name = "", target] = file.split(".") as [string, DialectName];
    return { name, target, sse: readFileSync(new URL(file, folder)), losses: losses[name] ?? [] };
  }),
  ...others.map(([target, file]) => {
    const name = `${target}-${file}`;
    return { name, target, sse: readFileSync(new URL(`${target}/${file}.sse`, fixtures)), losses: losses[name] ?? [] };
  }),
];

function told({ target, sse }: Golden, piece?: number) {
  const caller = otherOf(target);
  const translation = translate(caller, least[caller]);
  return { text: streamed(translation, target, sse, piece), losses: translation.losses };
}

/** Every event's data, as the caller's SDK parses it. */
function eventsOf(text: string): unknown[] {
  const found: unknown[] = [];
  const parser = createSseParser(({ data, hasData }) => {
    const json = Buffer.from(data).toString();
    if (hasData && json !== "[DONE]") found.push(JSON.parse(json));
  });
  parser.write(Buffer.from(text));
  parser.end();
  return found;
}

const isError = (value: unknown): boolean => (value as { error?: unknown }).error !== undefined;
const isPing = (value: unknown): boolean => (value as { type?: unknown }).type === "ping";

describe.each(goldens.map((golden) => [golden.name, golden] as const))("the stream %s", (name, golden) => {
  it("becomes what is written down, and loses exactly that", () => {
    const made = told(golden);
    const file = new URL(`${name}.out.sse`, folder);
    if (process.env.WRITE_GOLDENS !== undefined && !existsSync(file)) writeFileSync(file, made.text);
    expect(made.text).toBe(readFileSync(file, "utf8"));
    expect([...made.losses].sort()).toEqual([...golden.losses].sort());
  });

  it("is the same wherever the transport cuts it", () => {
    const { text } = told(golden);
    for (const piece of [1, 2, 3, 5, 7, 31, 64, 100]) expect(told(golden, piece).text).toBe(text);
  });
});

/** What an answer says, whichever client read it. */
interface Said {
  readonly text: string;
  readonly calls: readonly { readonly id: string; readonly name: string; readonly input: unknown }[];
}

async function readBy(dialect: DialectName, text: string): Promise<Said> {
  if (dialect === "openai-chat") {
    const message = (await openaiReads(text)).choices[0]?.message;
    const calls = (message?.tool_calls ?? []).flatMap((call) =>
      call.type === "function"
        ? [{ id: call.id, name: call.function.name, input: JSON.parse(call.function.arguments) }]
        : [],
    );
    return { text: (message?.content ?? "") + (message?.refusal ?? ""), calls };
  }
  const { content } = await anthropicReads(text);
  return {
    text: content.map((block) => (block.type === "text" ? block.text : "")).join(""),
    calls: content.flatMap((block) =>
      block.type === "tool_use" ? [{ id: block.id, name: block.name, input: block.input }] : [],
    ),
  };
}

/** Streams that break off, that the provider's own client cannot read, or whose explanation is no text there. */
const unread = new Set([
  "anthropic-messages-error-after-content",
  "one-number",
  "no-ids-no-done",
  "reasoning-parts",
  "refused",
  "empty-input",
]);
const read = goldens.filter(({ name }) => !unread.has(name));

it.each(read.map((golden) => [golden.name, golden] as const))(
  "the stream %s says to the caller's client what it says to the provider's own",
  async (_name, golden) => {
    const said = await readBy(golden.target, golden.sse.toString());
    expect(await readBy(otherOf(golden.target), told(golden).text)).toEqual(said);
    expect(said.text + said.calls.length).not.toBe("0");
  },
);

it("servers that number every call alike, or give none an id, are read by the caller's client too", async () => {
  const calls = async (name: string) => {
    const golden = goldens.find((each) => each.name === name) as Golden;
    return (await readBy(otherOf(golden.target), told(golden).text)).calls;
  };
  expect(await calls("one-number")).toMatchObject([
    { id: "call_a", input: { a: 1 } },
    { id: "call_b", input: {} },
  ]);
  expect(await calls("no-ids-no-done")).toMatchObject([{ id: expect.stringMatching(/^[\w-]+$/), name: "get" }]);
  expect(await calls("empty-input")).toMatchObject([
    { name: "now", input: {} },
    { name: "get", input: { a: 1 } },
  ]);
});

it("every event fits what the SDKs declare", () => {
  const samples: Sample[] = goldens.flatMap((golden) => {
    const dialect = otherOf(golden.target);
    const events = eventsOf(told(golden).text).filter((event) => !isError(event) && !isPing(event));
    return events.map((value): Sample => ({ kind: "event", dialect, value }));
  });
  expect(samples.length).toBeGreaterThan(80);
  expect(complaints(samples).flat()).toEqual([]);
});
