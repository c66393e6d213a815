import { readFileSync } from "node:fs";
import { toNodeHandler } from "../../adapters/node.ts";
import { createGateway, type Gateway, hashKey, silent } from "../../src/index.ts";
import { type LoopbackProvider, startProvider } from "../doubles/provider.ts";
import { codingSession, type Session } from "../fixtures/coding-agent/session.ts";
import { type AgentRequest, anthropicRequest, countRequest, openaiRequest } from "../fixtures/coding-agent/wires.ts";
import { listen, type Server } from "./client/scene.ts";

/** About 200 KB. */
const turns = 36;
const recorded = (path: string): string => readFileSync(new URL(`../fixtures/${path}`, import.meta.url), "utf8");

let provider: LoopbackProvider;
let gateway: Gateway;
let server: Server;
beforeEach(async () => {
  provider = await startProvider();
  const baseUrl = `${provider.url}/v1`;
  gateway = createGateway(
    {
      targets: {
        openai: { provider: "openai", apiKey: "sk-operator", baseUrl },
        anthropic: { provider: "anthropic", apiKey: "sk-ant-operator", baseUrl },
      },
      models: {
        "gpt-5-mini": { targets: [{ target: "openai" }] },
        "claude-sonnet-4-5": { targets: [{ target: "anthropic" }] },
      },
      access: { keys: [{ id: "laptop", hash: hashKey("psk_laptop"), team: "search", requestsPerMinute: 600 }] },
      budgets: [{ scope: { team: "search" }, limit: "$100" }],
      tracing: { payloads: "redacted" },
    },
    { log: silent },
  );
  server = await listen(toNodeHandler(gateway));
});
afterEach(async () => {
  await gateway.close(500);
  await Promise.all([server.close(), provider.close()]);
});

async function send({ url, headers, body }: AgentRequest) {
  const authorization = "Bearer psk_laptop";
  const answer = await fetch(server.url + url, { method: "POST", headers: { ...headers, authorization }, body });
  return { status: answer.status, text: await answer.text(), findings: answer.headers.get("x-postern-findings") };
}

const answers = (type: string, text: string) =>
  provider.answer(() => ({ headers: { "content-type": type }, pieces: [text] }));

describe("a coding agent's session of 200 KB in which nothing is to be hidden", () => {
  it("is as large as it says, and the same each time", () => {
    const [{ body }, again] = [anthropicRequest(codingSession(turns)), anthropicRequest(codingSession(turns))];
    expect(body.length).toBeGreaterThan(190_000);
    expect(body.length).toBeLessThan(230_000);
    expect(again.body).toBe(body);
    for (const part of ['"cache_control"', '"signature"', '"tool_use"', '"tool_result"', '"input_schema"'])
      expect(body).toContain(part);
  });

  it("reaches Anthropic byte for byte, with its version and betas, and so does the answer the agent", async () => {
    const stream = recorded("anthropic-messages/thinking.sse");
    answers("text/event-stream", stream);
    const request = anthropicRequest(codingSession(turns));
    expect(await send(request)).toEqual({ status: 200, text: stream, findings: null });
    const [got] = provider.requests;
    expect(got?.url).toBe("/v1/messages?beta=true");
    expect(got?.body === request.body).toBe(true);
    expect(got?.headers).toMatchObject({
      "anthropic-version": request.headers["anthropic-version"],
      "anthropic-beta": request.headers["anthropic-beta"],
      "x-api-key": "sk-ant-operator",
    });
    expect(Object.keys(got?.headers ?? {}).filter((name) => /^x-(?!api-key)|user-agent|browser/.test(name))).toEqual(
      [],
    );
    const [record] = await gateway.records();
    expect(record?.receipt).toMatchObject({ key: "laptop", outcome: "answered", findings: [], target: "anthropic" });
    expect(record?.receipt.cost).toBeGreaterThan(0n);
  });

  it("is counted by Anthropic byte for byte, for nothing", async () => {
    answers("application/json", '{"input_tokens":61234}');
    const request = countRequest(codingSession(turns));
    expect(await send(request)).toEqual({ status: 200, text: '{"input_tokens":61234}', findings: null });
    expect(provider.requests[0]?.url).toBe("/v1/messages/count_tokens?beta=true");
    expect(provider.requests[0]?.headers["anthropic-beta"]).toBe(request.headers["anthropic-beta"]);
    expect(provider.requests[0]?.body === request.body).toBe(true);
    expect((await gateway.records())[0]?.receipt.cost).toBe(0n);
  });

  it("reaches OpenAI byte for byte, and so does the answer the agent", async () => {
    const stream = recorded("openai-chat/usage.sse");
    answers("text/event-stream", stream);
    const request = openaiRequest(codingSession(turns));
    expect(await send(request)).toEqual({ status: 200, text: stream, findings: null });
    expect(provider.requests[0]?.body === request.body).toBe(true);
    expect((await gateway.records())[0]?.receipt.cost).toBeGreaterThan(0n);
  });

  it.each([1, 2, 3, 4, 5])("whatever is in it: seed %i", async (seed) => {
    answers("application/json", "{}");
    const request = openaiRequest(codingSession(turns, 100 + seed));
    expect((await send(request)).findings).toBeNull();
    expect(provider.requests[0]?.body === request.body).toBe(true);
  });
});

/** What a repository may hold of people, in what two of the tools said. */
const personal = [
  ["maria.lopez@example.com", "[EMAIL_1]"],
  ["+34 612 34 56 78", "[PHONE_1]"],
] as const;
const withPeople = ({ turns: all, ...rest }: Session): Session => ({
  ...rest,
  turns: all.map((turn, index) => {
    const found = index === 3 || index === 9 ? `\n// ask ${personal[0][0]}, phone ${personal[1][0]}` : "";
    return { ...turn, text: turn.text + found };
  }),
});

describe("a coding agent's session in which something is hidden", () => {
  it.each([
    ["Anthropic", anthropicRequest],
    ["OpenAI", openaiRequest],
  ])("changes there and nowhere else: %s", async (_who, requestOf) => {
    answers("application/json", "{}");
    const request = requestOf(withPeople(codingSession(turns)));
    expect((await send(request)).findings).toBe("EMAIL=2, PHONE=2");
    let expected = request.body;
    for (const [value, placeholder] of personal) expected = expected.replaceAll(value, placeholder);
    expect(provider.requests[0]?.body === expected).toBe(true);
  });

  it("begins with each turn as it did with the one before, so that the provider's cache keeps hitting", async () => {
    answers("application/json", "{}");
    const beginnings: string[] = [];
    for (const length of [12, 20, turns]) {
      await send(openaiRequest(withPeople(codingSession(length))));
      const body = provider.requests.at(-1)?.body ?? "";
      beginnings.push(body.slice(0, body.indexOf('],"tools":[')));
    }
    const [first = "", second = "", third = ""] = beginnings;
    expect(first).toContain("[EMAIL_1]");
    expect(second.startsWith(first) && third.startsWith(second)).toBe(true);
    expect(third.length).toBeGreaterThan(second.length);
  });
});
