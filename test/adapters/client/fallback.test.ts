import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { clientOptions } from "../../../adapters/client.ts";
import { echoes, type Script } from "../../../adapters/testing.ts";
import { deserted, environment, gatewayKey, listen, ownKey, type Scene, startScene } from "./scene.ts";

const email = "maria.lopez@example.com";
const messages = [{ role: "user" as const, content: `I am ${email}` }];
const ask = { model: "gpt-5-mini", messages };
/** Without the SDK's own patience: one call of ours is one `fetch`. */
const once = { maxRetries: 0 };

let scene: Scene;
const before = { ...process.env };
beforeEach(async () => {
  scene = await startScene();
  environment({ POSTERN_URL: scene.url, POSTERN_KEY: gatewayKey, OPENAI_API_KEY: ownKey, ANTHROPIC_API_KEY: ownKey });
});
afterEach(() => scene.close());
afterAll(() => {
  process.env = before;
});

const clientAt = (url: string | undefined, key?: string) =>
  new OpenAI({ ...clientOptions("openai", { ...scene.fallback, url, key, feature: "search" }), ...once });

const streamed = async (client: OpenAI): Promise<string> => {
  let text = "";
  for await (const { choices } of await client.chat.completions.create({ ...ask, stream: true }))
    text += choices[0]?.delta.content ?? "";
  return text;
};

describe('fallback: "direct", where no gateway answers', () => {
  it("calls the provider with its own key, protected and recorded in this process", async () => {
    const client = clientAt(await deserted());
    expect((await client.chat.completions.create(ask)).choices[0]?.message.content).toBe(`I am ${email}`);
    expect(await streamed(client)).toBe(`I am ${email}`);
    for (const { headers, body } of scene.own.requests) {
      expect(body).toContain("I am [EMAIL_1]");
      expect(headers.authorization).toBe(`Bearer ${ownKey}`);
      expect(JSON.stringify(headers)).not.toContain(gatewayKey);
    }
    const records = await scene.gateway.records();
    expect(records.map(({ receipt }) => receipt.attributes)).toEqual(Array(2).fill({ feature: "search" }));
    expect(scene.warnings).toEqual(Array(2).fill({ code: "ECONNREFUSED" }));
  });

  it("for Anthropic too, below its own paths", async () => {
    const options = clientOptions("anthropic", { ...scene.fallback, url: `${await deserted()}/ai` });
    const client = new Anthropic({ ...options, ...once });
    await client.messages.create({ model: "claude-haiku-4-5", max_tokens: 99, messages });
    await client.messages.countTokens({ model: "claude-haiku-4-5", messages });
    expect(scene.own.requests.map(({ url }) => url)).toEqual(["/v1/messages", "/v1/messages/count_tokens"]);
    for (const { headers } of scene.own.requests) {
      expect([headers.authorization, headers["x-api-key"]]).toContainEqual(expect.stringContaining(ownKey));
      expect(JSON.stringify(headers)).not.toContain(gatewayKey);
    }
  });

  it("puts the key where the SDK carries one, and no other anywhere", async () => {
    const { fetch = globalThis.fetch, baseURL } = clientOptions("ai-anthropic", {
      ...scene.fallback,
      url: await deserted(),
    });
    const headers = {
      "x-api-key": gatewayKey,
      authorization: `Bearer ${gatewayKey}`,
      "anthropic-version": "2023-06-01",
      "content-type": "application/json",
    };
    const body = JSON.stringify({ model: "claude-haiku-4-5", max_tokens: 9, messages });
    expect((await fetch(`${baseURL}/messages`, { method: "POST", headers, body })).status).toBe(200);
    const [sent] = scene.own.requests;
    expect([sent?.headers["x-api-key"], sent?.headers.authorization]).toEqual([ownKey, undefined]);
  });

  it("where the name is not known", async () => {
    const client = clientAt("http://gate.postern.invalid");
    expect(await streamed(client)).toBe(`I am ${email}`);
    expect(scene.warnings).toEqual([{ code: expect.stringMatching(/^(?:ENOTFOUND|EAI_AGAIN)$/) }]);
  });

  it("where whoever listens drops every connection", async () => {
    const dropping = await listen((request) => request.socket.destroy());
    expect(await streamed(clientAt(dropping.url))).toBe(`I am ${email}`);
    expect(scene.own.requests).toHaveLength(1);
    await dropping.close();
  });

  it("where the gateway dies in the middle of a call, before its answer began", async () => {
    const dying = await listen((request) => {
      void dying.close();
      request.socket.destroy();
    });
    expect(await streamed(clientAt(dying.url))).toBe(`I am ${email}`);
    expect(scene.warnings).toHaveLength(1);
  });

  it("lets the caller leave: the provider hears of it", async () => {
    const leave = new AbortController();
    const started = new Promise<Parameters<Script>[0]>((resolve) => {
      scene.own.answer((request) => {
        resolve(request);
        return { headers: { "content-type": "application/json" }, pieces: [" "], ends: "silent" };
      });
    });
    const call = clientAt(await deserted()).chat.completions.create(ask, { signal: leave.signal });
    const failed = expect(call).rejects.toThrow("aborted");
    const { signal } = await started;
    leave.abort();
    await failed;
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
  });

  it("sends nothing that this process would not let out", async () => {
    const content = `ghp_${"x7Kq2mW9".repeat(4)}Zt4B`;
    const call = clientAt(await deserted()).chat.completions.create({
      model: "m",
      messages: [{ role: "user", content }],
    });
    await expect(call).rejects.toMatchObject({ status: 400, code: "secret_blocked" });
    expect(scene.own.requests).toEqual([]);
  });
});

describe('fallback: "direct", where a gateway answers', () => {
  afterEach(() => {
    expect(scene.own.requests).toEqual([]);
    expect(scene.warnings).toEqual([]);
  });

  it("goes through it, and is charged once", async () => {
    const client = clientAt(undefined);
    expect(await streamed(client)).toBe(`I am ${email}`);
    expect(scene.provider.requests).toHaveLength(1);
    expect(scene.receipts.map(({ cost }) => cost > 0n)).toEqual([true]);
  });

  it.each([
    ["a key that it does not know", "psk_unknown", 401],
    ["a budget that is spent", "psk_poor", 402],
  ])("takes its refusal: %s", async (_what, key, status) => {
    await expect(clientAt(undefined, key).chat.completions.create(ask)).rejects.toMatchObject({ status });
    expect(scene.provider.requests).toEqual([]);
  });

  it.each([401, 402, 429, 500, 502, 503, 504])("takes its %i", async (status) => {
    const server = await listen((request, response) => {
      request.resume();
      response.writeHead(status, { "content-type": "application/json" }).end("{}");
    });
    await expect(clientAt(server.url).chat.completions.create(ask)).rejects.toMatchObject({ status });
    await server.close();
  });

  /** Red when a gateway that points elsewhere is taken for none. */
  it.each([301, 302, 303, 307, 308])("takes its %i to where nobody is", async (status) => {
    const location = `${await deserted()}/v1/chat/completions`;
    const server = await listen((request, response) => {
      request.resume();
      response.writeHead(status, { location }).end();
    });
    await expect(clientAt(server.url).chat.completions.create(ask)).rejects.toThrow("Connection error");
    await server.close();
  });

  it("follows its 308 to where it has moved", async () => {
    const server = await listen((request, response) => {
      request.resume();
      response.writeHead(308, { location: `${scene.url}${request.url}` }).end();
    });
    const headers = { authorization: `Bearer ${gatewayKey}`, "x-api-key": gatewayKey };
    const { choices } = await clientAt(server.url).chat.completions.create(ask, { headers });
    expect(choices[0]?.message.content).toBe(`I am ${email}`);
    expect(scene.provider.requests).toHaveLength(1);
    await server.close();
  });

  it("takes an answer that breaks off for what it is: it was paid for", async () => {
    scene.provider.answer((request, number) => {
      const { pieces = [], ...rest } = echoes(request, number);
      return { ...rest, pieces: [...(pieces as string[])].slice(0, 3), ends: "reset" };
    });
    await expect(streamed(clientAt(undefined))).rejects.toThrow();
    expect(scene.provider.requests).toHaveLength(1);
    expect(scene.receipts).toHaveLength(1);
  });

  it("takes an answer that had begun when the gateway died for what it is", async () => {
    const dying = await listen((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(": hello\n\n", () => void dying.close());
    });
    await expect(streamed(clientAt(dying.url))).rejects.toThrow();
  });

  it("does not send past it what it dropped while it lives", async () => {
    let asked = 0;
    const dropping = await listen((request, response) => {
      if (request.method === "POST" && ++asked) request.socket.destroy();
      else response.writeHead(404).end();
    });
    await expect(clientAt(dropping.url).chat.completions.create(ask)).rejects.toThrow("Connection error");
    expect(asked).toBe(1);
    await dropping.close();
  });

  it("does not trust another certificate, nor go past it", async () => {
    const failure = Object.assign(new Error("self-signed"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    const real = globalThis.fetch;
    globalThis.fetch = () => Promise.reject(new TypeError("fetch failed", { cause: failure }));
    await expect(clientAt(undefined).chat.completions.create(ask)).rejects.toThrow("Connection error");
    globalThis.fetch = real;
  });

  it("does not call for a caller that has left", async () => {
    let leave = (): void => {};
    const server = await listen(() => leave());
    const gone = new AbortController();
    leave = () => gone.abort();
    const call = clientAt(server.url).chat.completions.create(ask, { signal: gone.signal });
    await expect(call).rejects.toThrow("aborted");
    await server.close();
  });
});

describe('fallback: "direct", and what cannot be sent twice', () => {
  it("fails with the failure that there was", async () => {
    const options = clientOptions("openai", { ...scene.fallback, url: await deserted() });
    const body = new ReadableStream({ start: (controller) => controller.close() });
    const init = { method: "POST", body, duplex: "half" } as RequestInit;
    await expect(options.fetch?.(`${options.baseURL}/chat/completions`, init)).rejects.toThrow("fetch failed");
    expect(scene.own.requests).toEqual([]);
  });

  it("fails where pieces have been read by a call that was dropped", async () => {
    const dropping = await listen((request) => {
      request.once("data", () => void dropping.close());
    });
    const options = clientOptions("openai", { ...scene.fallback, url: dropping.url });
    const pieces = async function* () {
      yield Buffer.from(JSON.stringify(ask));
    };
    const init = { method: "POST", body: pieces(), duplex: "half" } as unknown as RequestInit;
    await expect(options.fetch?.(`${options.baseURL}/chat/completions`, init)).rejects.toThrow("fetch failed");
    expect(scene.warnings).toEqual([]);
  });

  it("is nothing for addresses other than the gateway's", async () => {
    const options = clientOptions("openai", { ...scene.fallback, url: await deserted() });
    await expect(options.fetch?.(`${await deserted()}/v1/models`)).rejects.toThrow("fetch failed");
    expect(scene.own.requests).toEqual([]);
  });
});
