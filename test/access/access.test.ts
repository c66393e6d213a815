import { inspect } from "node:util";
import { jest } from "@jest/globals";
import { createAccess } from "../../src/access/access.ts";
import { createKey } from "../../src/access/keys.ts";
import { type ConfigInput, schema } from "../../src/config/schema.ts";
import { createFacts, facts } from "../../src/facts.ts";
import type { HeaderMap } from "../../src/http.ts";
import type { CallContext, Parts } from "../../src/step.ts";
import { createFakeClock } from "../doubles/clock.ts";
import { refusalOf } from "../doubles/refusal.ts";

type Access = NonNullable<ConfigInput["access"]>;
type Key = NonNullable<Access["keys"]>[number];

const { key, hash } = createKey();
const other = createKey();
const providerKey = "sk-provider-0123456789";
const bearer = (credential: string): HeaderMap => ({ authorization: `Bearer ${credential}` });

function setUp(access: Access | undefined) {
  const clock = createFakeClock(Date.UTC(2026, 10, 1));
  const take = jest.fn<Parts["stores"]["counters"]["take"]>().mockResolvedValue(0);
  const parts = { clock, stores: { counters: { take } } } as unknown as Parts;
  const step = createAccess(schema.parse({ access }).access, parts);
  const call = (headers: HeaderMap, url = "/v1/chat/completions") => {
    const context = { head: { method: "POST", url, headers }, facts: createFacts() } as unknown as CallContext;
    return { caller: () => context.facts.get(facts.caller), head: () => step.open(context).head?.() };
  };
  return { clock, take, step, call };
}

const withKey = (rights: Partial<Key> = {}, access: Partial<Access> = {}) =>
  setUp({ keys: [{ id: "web", hash, ...rights }], ...access });

describe("access without a config", () => {
  it("lets everybody pass with the key that they bring, or without one, and answers at once", () => {
    const { call } = setUp(undefined);
    for (const headers of [{}, bearer(providerKey), { "x-api-key": key }]) {
      const { head, caller } = call(headers);
      expect(head()).toBeUndefined();
      expect(caller()).toEqual({
        key: undefined,
        attributes: {},
        models: undefined,
        maxOutputTokens: undefined,
        ownKey: true,
      });
    }
  });

  it("takes attributes for the caller's own books", () => {
    const { head, caller } = setUp(undefined).call({ "x-postern-team": "search", "x-postern-customer": "" });
    expect(head()).toBeUndefined();
    expect(caller()?.attributes).toEqual({ team: "search" });
  });
});

describe("prompts of the operator", () => {
  it.each([
    [undefined, []],
    [["support"], ["support"]],
    [["support", "*"], undefined],
  ])("are for a key with %j: %j", async (prompts, granted) => {
    const { head, caller } = withKey(prompts === undefined ? {} : { prompts }).call(bearer(key));
    await head();
    expect(caller()?.prompts).toEqual(granted);
  });

  it("are not for callers with keys of their own beside those with the operator's, but for all where there is no access", async () => {
    const beside = withKey({}, { ownKeys: "allow" }).call(bearer(providerKey));
    await beside.head();
    expect(beside.caller()).toMatchObject({ ownKey: true, prompts: [] });
    const alone = setUp(undefined).call(bearer(providerKey));
    await alone.head();
    expect(alone.caller()?.prompts).toBeUndefined();
  });
});

describe("access with keys", () => {
  it("knows a key wherever it stands, and says what it permits, without waiting for anything", () => {
    const { call, take } = withKey({ team: "search", models: ["fast"], maxOutputTokens: 4_096 });
    const requests: [HeaderMap, string?][] = [
      [bearer(key)],
      [{ "x-api-key": key }],
      [{ "api-key": key }],
      [{ "x-goog-api-key": key }],
      [{}, `/v1/models?key=${key}`],
      [{ ...bearer(providerKey), "x-api-key": key }],
    ];
    for (const [headers, url] of requests) {
      const { head, caller } = call(headers, url);
      expect(head()).toBeUndefined();
      expect(caller()).toEqual({
        key: "web",
        attributes: { team: "search" },
        models: ["fast"],
        prompts: [],
        maxOutputTokens: 4_096,
        ownKey: false,
      });
    }
    expect(take).not.toHaveBeenCalled();
  });

  it.each([
    ["no key", {}, "missing_key"],
    ["another scheme", { authorization: `Basic ${key}` }, "missing_key"],
    ["an unknown key", bearer(other.key), "unknown_key"],
    ["a provider's key", bearer(providerKey), "unknown_key"],
    ["the hash in place of the key", bearer(hash), "unknown_key"],
    ["a key cut short", bearer(key.slice(0, -1)), "unknown_key"],
    ["a key of a megabyte", bearer(key + "x".repeat(1_048_576)), "unknown_key"],
    ["a key of other bytes", bearer(`psk_${"\u00ff".repeat(43)}`), "unknown_key"],
  ])("refuses %s before anything else", (_, headers, code) => {
    const { head, caller } = withKey({ requestsPerMinute: 1 }).call(headers as HeaderMap);
    expect(refusalOf(head)).toMatchObject({ code, status: 401 });
    expect(caller()).toBeUndefined();
  });

  it("refuses two known keys in one request", () => {
    const { call } = setUp({
      keys: [
        { id: "web", hash },
        { id: "app", hash: other.hash },
      ],
    });
    expect(refusalOf(call({ ...bearer(key), "x-api-key": other.key }).head)).toMatchObject({
      code: "invalid_request",
      detail: { reason: "two_keys" },
    });
  });

  it("refuses a key from the moment that it expires", () => {
    const { call, clock } = withKey({ expires: "2026-11-01T00:00:10+00:00" });
    clock.advance(9_999);
    expect(call(bearer(key)).head()).toBeUndefined();
    clock.advance(1);
    expect(refusalOf(call(bearer(key)).head)).toMatchObject({ code: "unknown_key", detail: { reason: "expired" } });
  });

  it("never repeats a credential", () => {
    const secrets = [key, other.key, providerKey];
    const { call } = withKey({ team: "search" });
    const requests = [
      bearer(other.key),
      { ...bearer(key), "x-postern-team": providerKey },
      { "x-api-key": providerKey },
    ];
    for (const headers of requests) {
      const refusal = refusalOf(call(headers).head);
      const printed = `${inspect(refusal, { depth: 9, showHidden: true })}${refusal.stack}`;
      for (const secret of secrets) expect(printed).not.toContain(secret);
    }
  });
});

describe("access that lets callers bring their own keys", () => {
  const { call } = withKey({ team: "search" }, { ownKeys: "allow" });

  it("lets a provider's key pass, as the caller's own", () => {
    const { head, caller } = call(bearer(providerKey));
    expect(head()).toBeUndefined();
    expect(caller()).toMatchObject({ key: undefined, ownKey: true, attributes: {} });
  });

  it("still wants a key, and never passes on what looks like one of the gateway's", () => {
    expect(refusalOf(call({}).head).code).toBe("missing_key");
    expect(refusalOf(call(bearer(other.key)).head).code).toBe("unknown_key");
    expect(refusalOf(call({ ...bearer(providerKey), "x-api-key": other.key }).head).code).toBe("unknown_key");
  });

  it("takes no attributes from callers that it does not know", () => {
    const { head } = call({ ...bearer(providerKey), "x-postern-team": "search" });
    expect(refusalOf(head)).toMatchObject({ code: "attribute_forbidden", detail: { attribute: "team" } });
  });

  it("uses a known key as one", () => {
    const { head, caller } = call({ "x-api-key": key, ...bearer(providerKey) });
    expect(head()).toBeUndefined();
    expect(caller()).toMatchObject({ key: "web", ownKey: false });
  });
});

describe("the attributes of a key's caller", () => {
  const rights = { team: "search", require: ["customer"], allow: ["feature", "team"] } satisfies Partial<Key>;
  const { call } = withKey(rights);
  const ask = (headers: HeaderMap) => call({ ...bearer(key), "x-postern-customer": "acme", ...headers });

  it("are those of the key and those that it leaves open", () => {
    const { head, caller } = ask({ "x-postern-feature": "chat", "x-postern-team": "search" });
    expect(head()).toBeUndefined();
    expect(caller()?.attributes).toEqual({ team: "search", customer: "acme", feature: "chat" });
  });

  it("of one call are not seen by the next", () => {
    expect(ask({ "x-postern-feature": "chat" }).head()).toBeUndefined();
    const { head, caller } = ask({});
    expect(head()).toBeUndefined();
    expect(caller()?.attributes).toEqual({ team: "search", customer: "acme" });
  });

  it.each([
    ["contradicts the key, even where that attribute is allowed", { "x-postern-team": "ads" }, "team"],
    ["is not left open", { "x-postern-project": "docs" }, "project"],
  ])("are refused where one %s", (_, headers, attribute) => {
    const { head, caller } = ask(headers as HeaderMap);
    expect(refusalOf(head)).toMatchObject({ code: "attribute_forbidden", status: 403, detail: { attribute } });
    expect(caller()).toMatchObject({ key: "web", attributes: { team: "search" } });
  });

  it.each([[undefined], [""]])("are refused where a required one is missing (%j)", (customer) => {
    expect(refusalOf(ask({ "x-postern-customer": customer }).head)).toMatchObject({
      code: "attribute_required",
      status: 400,
      detail: { attribute: "customer", header: "x-postern-customer" },
    });
  });

  it("are not missing where the key fixes what it requires", () => {
    const { head, caller } = withKey({ customer: "acme", require: ["customer"] }).call(bearer(key));
    expect(head()).toBeUndefined();
    expect(caller()?.attributes).toEqual({ customer: "acme" });
  });

  it.each([
    ["is too long", "a".repeat(129)],
    ["is a megabyte", "a".repeat(1_048_576)],
    ["holds a control character", "a\u0000b"],
    ["holds bytes beyond ASCII", "caf\u00c3\u00a9"],
    ["ends in a blank", "a "],
    ["is the wildcard", "*"],
    ["comes twice", ["acme", "acme"]],
  ])("are refused where a value %s", (_, value) => {
    const refusal = refusalOf(ask({ "x-postern-customer": value }).head);
    expect(refusal).toMatchObject({ code: "invalid_request", detail: { header: "x-postern-customer" } });
  });

  it("may be 128 characters long, with blanks inside", () => {
    const customer = `a ${"b".repeat(126)}`;
    const { head, caller } = ask({ "x-postern-customer": customer });
    expect(head()).toBeUndefined();
    expect(caller()?.attributes.customer).toBe(customer);
  });
});

describe("the requests of a key in a minute", () => {
  it("are counted under the key's id, and pass while they fit", async () => {
    const { call, take, clock } = withKey({ requestsPerMinute: 60 });
    const { head, caller } = call(bearer(key));
    await expect(head()).resolves.toBeUndefined();
    expect(take.mock.calls).toEqual([["requests/web", 60, 60_000, clock.now()]]);
    expect(caller()?.key).toBe("web");
    expect(clock.pending).toBe(0);
  });

  it("are refused beyond the limit, with the time to wait", async () => {
    const { call, take, clock } = withKey({ requestsPerMinute: 60 });
    take.mockResolvedValue(1_234);
    const { head, caller } = call(bearer(key));
    await expect(head()).rejects.toMatchObject({
      code: "rate_limited",
      status: 429,
      retryAfter: 1_234,
      detail: { limit: 60 },
    });
    expect(caller()?.key).toBe("web");
    expect(clock.pending).toBe(0);
  });

  it.each([
    ["rejects", async () => Promise.reject(new Error("connection refused"))],
    [
      "throws",
      () => {
        throw new Error("no store");
      },
    ],
    ["answers nonsense", async () => Number.NaN],
  ])("are refused while the store %s", async (_, broken) => {
    const { call, take, clock } = withKey({ requestsPerMinute: 60 });
    take.mockImplementation(broken);
    await expect(call(bearer(key)).head()).rejects.toMatchObject({ code: "store_unavailable", status: 503 });
    expect(clock.pending).toBe(0);
  });

  it("are refused when the store has been silent for two seconds", async () => {
    const { call, take, clock } = withKey({ requestsPerMinute: 60 });
    take.mockReturnValue(new Promise(() => {}));
    const entered = call(bearer(key)).head();
    clock.advance(2_000);
    await expect(entered).rejects.toMatchObject({ code: "store_unavailable", status: 503 });
  });

  it("are not counted for a request that is refused anyway", () => {
    const { call, take } = withKey({ requestsPerMinute: 60, require: ["team"] });
    expect(refusalOf(call(bearer(key)).head).code).toBe("attribute_required");
    expect(take).not.toHaveBeenCalled();
  });
});
