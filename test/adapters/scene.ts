import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Piece, type Script, says } from "../../adapters/testing.ts";
import { hashKey } from "../../src/access/keys.ts";
import { systemClock } from "../../src/engine/clock.ts";
import { type ConfigInput, createMemoryStores, type GatewayOptions } from "../../src/index.ts";
import type { Asked, Running, TestHost } from "../hosts.ts";

export const email = "maria.lopez@example.com";
export const phone = "+34 612 34 56 78";
export const iban = "DE89 3704 0044 0532 0130 00";
export const card = "4111 1111 1111 1111";
export const customer = "Wilhelmina Okonkwo";
/** A name that JSON has to escape. */
export const awkward = 'Ann "Bo" \\ Ngata';
export const personal = [email, phone, iban, card, customer] as const;
export const everything = `I am ${customer}, ${email}, ${phone}; account ${iban}, card ${card}.`;
export const masked = "I am [CUSTOMER_1], [EMAIL_1], [PHONE_1]; account [IBAN_1], card [CREDIT_CARD_1].";
/** Built at run time, so that no scanner of this repository takes it for a real one. */
export const secret = `ghp_${"x7Kq2mW9".repeat(4)}Zt4B`;

const customers = join(tmpdir(), `postern-customers-${process.pid}.txt`);
writeFileSync(customers, `${customer}\n${awkward}\n`);

export type Overrides = ConfigInput | ((url: string) => ConfigInput);

/** Targets of each dialect on one provider, one on none, aliases over them, two keys, and money. */
export const config =
  (overrides: Overrides = {}) =>
  (url: string): ConfigInput => {
    const timeouts = { connect: "2s", firstByte: "2s", idle: "2s" };
    const openai = { provider: "openai" as const, apiKey: "sk-operator", timeouts };
    const anthropic = { ...openai, provider: "anthropic" as const };
    return {
      targets: {
        first: { ...openai, baseUrl: `${url}/first/v1` },
        second: { ...openai, baseUrl: `${url}/second/v1` },
        third: { ...anthropic, baseUrl: `${url}/first/v1` },
        // Nobody listens at this port, which is never given to anybody.
        dead: { ...openai, baseUrl: "http://127.0.0.1:1/dead/v1" },
      },
      models: {
        plain: { targets: [{ target: "first", model: "gpt-4.1-mini" }] },
        claude: { targets: [{ target: "third", model: "claude-haiku-4-5" }] },
        fast: {
          targets: [
            { target: "first", model: "gpt-5-mini" },
            { target: "second", model: "gpt-5-mini" },
            { target: "third", model: "claude-haiku-4-5" },
          ],
        },
      },
      access: {
        keys: [
          { id: "web", hash: hashKey("psk_web"), team: "search" },
          { id: "poor", hash: hashKey("psk_poor"), team: "poor" },
        ],
      },
      redaction: { lists: [{ name: "customer", file: customers }] },
      budgets: [
        { scope: { team: "search" }, limit: "$100", window: "total" },
        { scope: { team: "poor" }, limit: "$0.002", window: "total" },
      ],
      routing: { failures: 1, coolDown: "1h", deadline: "20s" },
      ...(typeof overrides === "function" ? overrides(url) : overrides),
    };
  };

export type Dialect = "openai" | "anthropic";

export function asking(content: string, fields: object = {}, dialect: Dialect = "openai", key = "psk_web"): Asked {
  const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
  const body = { model: "fast", max_tokens: 400, messages: [{ role: "user", content }], ...fields };
  return dialect === "openai"
    ? { url: "/v1/chat/completions", headers, body: JSON.stringify(body) }
    : { url: "/v1/messages", headers: { ...headers, "anthropic-version": "2023-06-01" }, body: JSON.stringify(body) };
}

interface Delta {
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string | null };
    readonly message?: { readonly content?: string };
  }[];
  readonly delta?: { readonly text?: string };
  readonly content?: readonly { readonly text?: string }[];
}

/** The data of every event of a stream, parsed where it is JSON. */
export const eventsOf = (stream: string): readonly Delta[] =>
  stream
    .split("\n\n")
    .map((event) => event.slice(event.indexOf("data: ") + 6))
    .filter((data) => data.startsWith("{"))
    .map((data) => JSON.parse(data) as Delta);

/** The error in the last event of a stream. */
export const lastError = (text: string): unknown =>
  JSON.parse(text.trimEnd().split("\n\n").at(-1)?.slice(6) ?? "{}").error;

/** What the model says, whole or streamed, in either dialect. */
export function saidIn(text: string): string {
  const parts = text.startsWith("{") ? [JSON.parse(text) as Delta] : eventsOf(text);
  return parts
    .map(
      ({ choices, delta, content }) =>
        choices?.[0]?.message?.content ?? choices?.[0]?.delta?.content ?? delta?.text ?? content?.[0]?.text ?? "",
    )
    .join("");
}

export const chunk = (delta: object, finish: string | null = null, index = 0): string =>
  `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "gpt-5-mini", choices: [{ index, delta, finish_reason: finish }] })}\n\n`;

export const streaming = { "content-type": "text/event-stream" };

/** A stream of these pieces, and how it ends. */
export const streams =
  (
    pieces: Iterable<Piece> | AsyncIterable<Piece>,
    ends: "whole" | "reset" | "silent" = "whole",
    headers: object = {},
  ): Script =>
  () => ({ headers: { ...streaming, ...headers }, pieces, ends });

export const hello: Script = says("Hello.");
export const role = chunk({ role: "assistant", content: "" });
export const done = [chunk({}, "stop"), "data: [DONE]\n\n"];

/** A stream whose second piece comes when it may. */
export const inTwo = (opened: Promise<void>): Script =>
  streams(
    (async function* () {
      yield chunk({ content: "One" });
      await opened;
      yield* [chunk({ content: "Two" }), ...done];
    })(),
  );

/** By the target that is tried. */
export const byTarget =
  (first: Script, second: Script): Script =>
  (request, number) =>
    (request.url.includes("/first/") ? first : second)(request, number);

/** Waits for something that happens in its own time; a busy machine may take twenty seconds. */
export async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 4_000 && !condition(); tries++) await new Promise((resolve) => setTimeout(resolve, 5));
  if (!condition()) throw new Error("it never came to that");
}

export type Scene = Running & {
  /** Ends the scene: so many calls have settled, each once; no money is held; what was spent is what the receipts say. */
  finish(calls: number): Promise<void>;
};

export async function begin(host: TestHost, overrides: Overrides = {}, options: GatewayOptions = {}): Promise<Scene> {
  const stores = createMemoryStores({ clock: systemClock }, { keep: 100 });
  const running = await host.start(config(overrides), { stores, ...options });
  const { receipts } = running;
  return {
    ...running,
    async finish(calls) {
      await until(() => receipts.length >= calls);
      await running.close();
      expect(receipts).toHaveLength(calls);
      expect(new Set(receipts.map(({ id }) => id)).size).toBe(calls);
      const lines = await stores.counters.read(["team=search/total", "team=poor/total"]);
      expect(lines.map(({ held }) => held)).toEqual([0n, 0n]);
      const spent = lines.reduce((sum, line) => sum + line.spent, 0n);
      expect(spent).toBe(receipts.reduce((sum, { cost }) => sum + cost, 0n));
    },
  };
}
