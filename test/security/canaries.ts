import type { ProviderRequest, TestGateway } from "../../adapters/testing.ts";
import { type ErrorCode, errorTable } from "../../src/errors.ts";

/** One of each kind. The token is put together at run time, so that no scanner of this repository takes it for a real one. */
export const canaries = {
  email: "canary.seven@leak.example.com",
  secret: `ghp_${"x7Kq2mW9".repeat(4)}Zt4B`,
  card: "4111 1111 1111 1111",
  iban: "DE89 3704 0044 0532 0130 00",
  record: "Wilhelmina Okonkwo",
} as const;
export type Canary = keyof typeof canaries;

const credentials: Readonly<Record<string, string>> = {
  authorization: "Bearer sk-own",
  "anthropic-version": "2023-06-01",
  "content-type": "application/json",
};

/** What base64 makes of a text at each of the three places that it may begin at, without the characters that others share. */
const inBase64 = (text: string): readonly string[] =>
  [0, 1, 2].map((offset) => {
    const whole = Buffer.from(`${"\0".repeat(offset)}${text}`)
      .toString("base64")
      .replace(/=+$/, "");
    return whole.slice(offset === 0 ? 0 : offset + 1, -2);
  });

/** Escapes undone as often as they were made, without the spaces and signs between, in one case. */
function plain(text: string): string {
  let read = text;
  for (let round = 0; round < 3; round++) {
    read = read
      .replace(/\\+u([0-9a-f]{4})/gi, (_all, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
      .replace(/%([0-9a-f]{2})/gi, (_all, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
  return read.replace(/[\s+\\-]/g, "").toLowerCase();
}

/** Does a text hold the canary: as it stands, escaped, percent-encoded (once or more), in base64 or in hexadecimal? */
export function showsIn(text: string, kind: Canary): boolean {
  const canary = canaries[kind];
  const standard = text.replaceAll("-", "+").replaceAll("_", "/");
  return (
    plain(text).includes(plain(canary)) ||
    inBase64(canary).some((shape) => standard.includes(shape)) ||
    text.toLowerCase().includes(Buffer.from(canary).toString("hex"))
  );
}

export interface Sent {
  readonly status: number;
  /** What the caller got. */
  readonly got: string;
  readonly sent: ProviderRequest | undefined;
  /** All that left: URL, headers without the caller's own credential, body. */
  readonly left: string;
}

export const leftOf = (sent: ProviderRequest | undefined): string =>
  sent === undefined ? "" : `${sent.url}\n${JSON.stringify({ ...sent.headers, authorization: "" })}\n${sent.body}`;

export async function send(
  test: TestGateway,
  url: string,
  body: string | undefined,
  headers: Readonly<Record<string, string>> = {},
): Promise<Sent> {
  const before = test.requests.length;
  const method = body === undefined ? "GET" : "POST";
  const answer = await test.fetch(url, {
    method,
    headers: { ...credentials, ...headers },
    ...(body !== undefined && { body }),
  });
  const got = `${JSON.stringify([...answer.headers])}\n${await answer.text()}`;
  const sent = test.requests[before];
  return { status: answer.status, got: got.slice(got.indexOf("\n") + 1), sent, left: leftOf(sent) };
}

/** What a whole or streamed answer says. */
export function saidIn(got: string): string {
  const events = got.startsWith("{") ? [got] : [...got.matchAll(/^data: (\{.*)$/gm)].map(([, data]) => data as string);
  return events
    .map((event) => JSON.parse(event))
    .map(
      (event) =>
        event.choices?.[0]?.message?.content ??
        event.choices?.[0]?.delta.content ??
        event.content?.[0]?.text ??
        event.delta?.text ??
        "",
    )
    .join("");
}

const documented = new Set<ErrorCode>(["unmaskable", "secret_blocked", "personal_data_blocked", "invalid_request"]);

export interface Fate {
  readonly fate: "masked" | "refused";
  /** What went wrong, if anything: never a pass in silence. */
  readonly fault: string | undefined;
}

/** Sends a body with a canary in it to a model that repeats it. */
export const fateOf = async (
  test: TestGateway,
  url: string,
  body: string,
  kind: Canary,
  headers?: Readonly<Record<string, string>>,
): Promise<Fate> => judge(body, kind, await send(test, url, body, headers));

/** What became of a body with a canary in it, whose model repeats what it gets. */
export function judge(body: string, kind: Canary, { status, got, sent, left }: Sent): Fate {
  if (showsIn(left, kind)) return { fate: "masked", fault: "it left" };
  if (status === 200) {
    const said = saidIn(got).replace(',"stream_options":{"include_usage":true}}', "}");
    if (sent === undefined) return { fate: "masked", fault: "it was answered by nobody" };
    if (kind === "secret") return { fate: "masked", fault: "a secret was not refused" };
    return { fate: "masked", fault: said === body ? undefined : `it came back as ${said}` };
  }
  const { code } = (JSON.parse(got) as { error: { code: ErrorCode } }).error;
  if (sent !== undefined) return { fate: "refused", fault: "it was sent and refused" };
  if (showsIn(got, kind)) return { fate: "refused", fault: "the refusal quotes it" };
  const known = documented.has(code) && status === errorTable[code].status;
  return { fate: "refused", fault: known ? undefined : `refused with ${status} ${code}` };
}
