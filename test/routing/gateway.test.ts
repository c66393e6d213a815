import { createTestGateway, type Script, says, type TestGateway } from "../../adapters/testing.ts";
import { hashKey } from "../../src/access/keys.ts";
import type { ConfigInput, HttpHead, Receipt, RequestHead } from "../../src/index.ts";
import { createFakeClock } from "../doubles/clock.ts";

const openai = { provider: "openai" as const, apiKey: "sk-operator" };
const access = { keys: [{ id: "web", hash: hashKey("psk_web") }] };
const at = (name: string, more: object = {}) => ({ ...openai, baseUrl: `https://${name}.test/v1`, ...more });
const alias = (...names: readonly string[]) => ({
  fast: { targets: names.map((target) => ({ target, model: "gpt-5-mini" })) },
});

const open: TestGateway[] = [];
function start(config: ConfigInput, options: Parameters<typeof createTestGateway>[1] = {}): TestGateway {
  const test = createTestGateway({ access, ...config }, options);
  open.push(test);
  return test;
}
afterEach(() => Promise.all(open.splice(0).map((test) => test.close())));

const body = Buffer.from(JSON.stringify({ model: "fast", messages: [{ role: "user", content: "hello" }] }));
const headOf = (headers: RequestHead["headers"] = {}): RequestHead => ({
  method: "POST",
  url: "/v1/chat/completions",
  headers: { "content-type": "application/json", authorization: "Bearer psk_web", ...headers },
});

/** The status that a caller gets, once all of the answer has come. */
function ask({ gateway }: TestGateway, headers?: RequestHead["headers"]): Promise<number> {
  return new Promise((resolve, reject) => {
    let status = 0;
    gateway.handle(
      { ...headOf(headers), body },
      {
        head(head: HttpHead) {
          status = head.status;
        },
        data: () => true,
        end: () => resolve(status),
        fail: reject,
      },
    );
  });
}

const hostsOf = ({ requests }: TestGateway): readonly string[] => requests.map(({ url }) => new URL(url).hostname);
const downAt =
  (...names: readonly string[]): Script =>
  (request, number) =>
    names.includes(new URL(request.url).hostname.replace(".test", ""))
      ? { ends: "unreachable" }
      : says("hi")(request, number);

describe("a host that only taps", () => {
  const watching = { takesBack: false, mutates: false };

  /** The provider's answer to what passed by itself is shown to the gateway. */
  async function tap(test: TestGateway, headers: RequestHead["headers"], picked?: string): Promise<Receipt> {
    await test.gateway.ready;
    const call = test.gateway.open(headOf(headers), watching);
    await call.admitted;
    await call.receive(body);
    const attempt = await call.next(picked);
    attempt?.head({ status: 200, headers: { "content-type": "application/json" } });
    const usage = { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 };
    const choices = [{ index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "stop" }];
    attempt?.write(Buffer.from(JSON.stringify({ id: "1", object: "chat.completion", model: "m", choices, usage })));
    attempt?.end();
    return call.receipt;
  }

  it.each([
    ["an unknown key", "Bearer psk_gone", "unknown_key"],
    ["no key", undefined, "missing_key"],
  ])("has calls with %s metered, too", async (_, authorization, code) => {
    const test = start({ targets: { a: at("a") }, prices: { fast: { input: "$1", output: "$10" } } });
    for (const picked of [undefined, "a"]) {
      const receipt = await tap(test, { authorization }, picked);
      expect(receipt).toMatchObject({ outcome: "answered", key: undefined, target: picked ?? "openai" });
      expect(receipt.observed).toContain(code);
      expect(receipt.usage).toMatchObject({ input: 1_000, output: 100 });
      expect(receipt.cost).toBe(2_000_000_000n);
    }
  });

  it("never gets an operator's key to see for them", async () => {
    const test = start({ targets: { a: at("a", { headers: { "x-org": "operator" } }) } });
    await test.gateway.ready;
    const call = test.gateway.open(headOf({ authorization: "Bearer sk-somebody" }), watching);
    await call.admitted;
    await call.receive(body);
    const attempt = await call.next("a");
    expect(JSON.stringify(attempt?.request.headers)).not.toMatch(/operator|somebody/);
    call.abort(undefined);
  });
});

describe("calls through the whole gateway", () => {
  it("never leave their region, whatever fails there", async () => {
    const targets = {
      us: at("us", { region: "us" }),
      eu: at("eu", { region: "eu" }),
      eu2: at("eu2", { region: "eu" }),
    };
    const test = start({ targets, models: alias("us", "eu", "eu2") });
    test.answer(downAt("eu", "eu2"));
    expect(await ask(test, { "x-postern-region": "eu" })).toBe(502);
    expect(hostsOf(test)).toEqual(["eu.test", "eu2.test"]);
    expect(test.requests.every(({ headers }) => headers["x-postern-region"] === undefined)).toBe(true);
    expect(await ask(test, { "x-postern-region": "ap" })).toBe(400);
    expect(await ask(test, { "x-postern-region": "" })).toBe(400);
    expect(test.requests).toHaveLength(2);
  });

  it("do not multiply the load of an outage", async () => {
    const targets = { a: at("a"), b: at("b"), c: at("c") };
    const routing = { failures: 1_000, retries: { share: "10%", floor: 5, window: "1h" } };
    const test = start({ targets, models: alias("a", "b", "c"), routing });
    test.answer(downAt("a", "b", "c"));
    const statuses = await Promise.all(Array.from({ length: 100 }, () => ask(test)));
    expect(new Set(statuses)).toEqual(new Set([502]));
    expect(test.requests).toHaveLength(100 + 5 + 10);
  });

  it("probe a target that failed one at a time", async () => {
    const clock = createFakeClock();
    const targets = { a: at("a"), b: at("b") };
    const test = start({ targets, models: alias("a", "b"), routing: { failures: 1 } }, { clock });
    test.answer(downAt("a"));
    expect(await ask(test)).toBe(200);
    clock.advance(30_000);
    const before = test.requests.length;
    expect(new Set(await Promise.all(Array.from({ length: 20 }, () => ask(test))))).toEqual(new Set([200]));
    expect(
      hostsOf(test)
        .slice(before)
        .filter((host) => host === "a.test"),
    ).toHaveLength(1);
    test.answer(says("hi"));
    clock.advance(30_000);
    const later = test.requests.length;
    await Promise.all(Array.from({ length: 20 }, () => ask(test)));
    expect(
      hostsOf(test)
        .slice(later)
        .filter((host) => host === "a.test"),
    ).toHaveLength(1);
    await ask(test);
    expect(hostsOf(test).at(-1)).toBe("a.test");
  });

  it("that are given up before they are sent leave the probe to the next", async () => {
    const clock = createFakeClock();
    const targets = { a: at("a"), b: at("b") };
    const test = start({ targets, models: alias("a", "b"), routing: { failures: 1 } }, { clock });
    test.answer(downAt("a"));
    await ask(test);
    clock.advance(30_000);
    test.answer(says("hi"));
    const call = test.gateway.open(headOf());
    await call.admitted;
    await call.receive(body);
    const next = call.next();
    call.abort(undefined);
    expect(await next).toBeUndefined();
    await ask(test);
    expect(hostsOf(test).at(-1)).toBe("a.test");
  });
});
