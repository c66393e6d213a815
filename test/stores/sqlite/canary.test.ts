import { createTestGateway, fails, inTurn, says } from "../../../adapters/testing.ts";
import { hashKey } from "../../../src/access/keys.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { systemClock as clock } from "../../../src/engine/clock.ts";
import { openReader } from "../../../src/stores/sqlite-reader.ts";
import { canaries, showsIn } from "../../security/canaries.ts";
import { bytesOf, createScene, query } from "./scene.ts";

const scene = createScene();
const kinds = ["email", "secret", "card", "iban"] as const;
const config: ConfigInput = {
  targets: { openai: { provider: "openai", apiKey: "sk-operator-0123456789" } },
  models: { fast: { targets: [{ target: "openai", model: "gpt-4.1-mini" }] } },
  access: { keys: [{ id: "web", hash: hashKey("psk_web"), team: "search", allow: ["feature"] }] },
  redaction: { secrets: "mask" },
  budgets: [{ scope: { team: "search" }, limit: "$100" }],
  tracing: { payloads: "redacted" },
};

const ask = (test: ReturnType<typeof createTestGateway>, fields: object, feature = "search box"): Promise<Response> =>
  test.fetch("https://api.openai.com/v1/chat/completions", {
    method: "POST",
    headers: {
      authorization: "Bearer psk_web",
      "content-type": "application/json",
      "x-postern-feature": feature,
    },
    body: JSON.stringify({ model: "fast", max_tokens: 100, ...fields }),
  });

it("nothing personal and no secret reaches the file, its log or an error, whatever becomes of the calls", async () => {
  const path = scene.newPath();
  const stores = await scene.start(path, { clock });
  const test = createTestGateway(config, { stores, clock, log: scene.log });
  await test.gateway.ready;
  const told = Object.values(canaries).join(" and ");
  test.answer(
    inTurn(says(`So ${told}?`), says(`So ${told}?`), fails(500, { "x-request-id": canaries.email }), says("fine")),
  );
  const messages = [{ role: "user", content: `I am ${told}` }];
  await (await ask(test, { messages })).text();
  await (await ask(test, { messages, stream: true })).text();
  await (await ask(test, { messages })).text();
  await (await ask(test, { model: canaries.email, messages })).text();
  await (await ask(test, { messages: [{ role: canaries.secret, content: told }] })).text();
  await (await ask(test, { messages }, canaries.email)).text();
  await test.close();
  const reader = openReader(path);
  const calls = reader.listCalls().map(({ receipt }) => reader.showCall(receipt.id));
  reader.close();
  const live = bytesOf(path);
  await stores.ledger.close();

  // It is all there: texts, an attribute, the ledger; only what is hidden is not.
  expect(calls).toHaveLength(6);
  expect(calls.filter((call) => call?.request?.includes("I am [EMAIL_1]")).length).toBeGreaterThanOrEqual(3);
  expect(calls.some((call) => call?.answer?.includes("[EMAIL_1]"))).toBe(true);
  expect(query(path, "SELECT * FROM ledger").length).toBeGreaterThanOrEqual(3);
  const sinks = { live, closed: bytesOf(path), log: JSON.stringify(scene.log.lines) };
  for (const [name, text] of Object.entries(sinks)) {
    for (const kind of kinds) expect({ name, kind, shows: showsIn(text, kind) }).toEqual({ name, kind, shows: false });
    expect(text.includes("sk-operator-0123456789")).toBe(false);
  }
});

it("a customer is counted and not named where redaction would hide the name", async () => {
  const path = scene.newPath();
  const stores = await scene.start(path, { clock });
  const budgets: ConfigInput["budgets"] = [{ scope: { feature: "*" }, limit: "$100" }];
  const test = createTestGateway({ ...config, budgets, mode: "observe" }, { stores, clock, log: scene.log });
  await test.gateway.ready;
  for (const feature of [canaries.email, canaries.email, "search box"]) {
    await (await ask(test, { messages: [{ role: "user", content: "hello" }] }, feature)).text();
  }
  await test.close();
  const keys = query(path, "SELECT key, pico FROM lines ORDER BY pico").map(({ key }) =>
    String(key)
      .replace(/#[\w-]{43}/, "#…")
      .slice(0, -8),
  );
  expect(keys).toEqual(["feature=search box", "feature=#…"]);
  expect(showsIn(bytesOf(path), "email")).toBe(false);
});

it("the failure of a write names no value", async () => {
  const path = scene.newPath();
  const stores = await scene.start(path);
  const line = { key: `customer=${canaries.email}/2026-11`, expiresAt: undefined };
  const failed = await stores.ledger
    .append({ kind: "settle", id: canaries.secret, at: Number.NaN, amount: 1n, lines: [line] as never })
    .then(
      () => "it was written",
      (cause: Error) => `${cause.stack} ${JSON.stringify(scene.log.lines)}`,
    );
  expect(failed).toContain("the ledger could not be written");
  for (const kind of kinds) expect(showsIn(failed, kind)).toBe(false);
});
