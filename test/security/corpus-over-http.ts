import { Pool } from "undici";
import type { ProviderRequest } from "../../adapters/testing.ts";
import { type Canary, canaries, judge, leftOf, type Sent } from "./canaries.ts";
import { bodyOf, type Fates, isFree, type LeakWire, noFates, streams } from "./corpus.ts";
import type { Position } from "./positions.ts";

/** A gateway that listens, and the provider behind it, whose model repeats what it gets. */
export interface Reached {
  readonly url: string;
  readonly key: string;
  readonly requests: readonly ProviderRequest[];
}

export interface Played {
  readonly calls: number;
  readonly fates: Fates;
  readonly faults: readonly string[];
}

interface Ask {
  readonly position: Position;
  readonly kind: Canary;
  readonly body: string;
}

const atOnce = 16;
const rotated = ["email", "card", "iban", "record"] as const satisfies readonly Canary[];

/** Two calls for each position: something personal, and a secret. */
const asksOf = (wire: LeakWire, positions: readonly Position[]): readonly Ask[] =>
  positions.flatMap((position, turn) =>
    [rotated[streams(wire) ? turn % rotated.length : 0] ?? "email", "secret" as const].map((kind, step) => ({
      position,
      kind,
      body: bodyOf(wire, position, canaries[kind], turn + step),
    })),
  );

let marks = 0;
/** A header that every wire lets pass, by which a call is known again where it left. */
const mark = "idempotency-key";

/** Sends every call of a wire over sockets, several at once, and judges each by what left for it and what came back. */
export async function playCorpus(
  wire: LeakWire,
  positions: readonly Position[],
  { url, key, requests }: Reached,
): Promise<Played> {
  const before = requests.length;
  const asks = asksOf(wire, positions);
  const answers = await askAll(url, key, wire.path, asks);
  const leftBy = new Map<string, ProviderRequest[]>();
  for (const request of requests.slice(before)) {
    const marked = String(request.headers[mark]);
    leftBy.set(marked, [...(leftBy.get(marked) ?? []), request]);
  }
  const fates = noFates();
  const faults: string[] = [];
  for (const [index, { position, kind, body }] of asks.entries()) {
    const { marked, status, got } = answers[index] ?? { marked: "", status: 0, got: "{}" };
    const all = leftBy.get(marked) ?? [];
    leftBy.delete(marked);
    const sent: Sent = { status, got, sent: all[0], left: all.map(leftOf).join("\n") };
    const { fate, fault } = judge(body, kind, sent);
    const note = (what: string): unknown => faults.push(`${wire.name} ${position.path} (${kind}): ${what}`);
    if (fault !== undefined) note(fault);
    if (kind === "secret") continue;
    fates[position.kind][fate]++;
    if (isFree(position) && fate === "refused") note("it is free text, but was refused");
    // What was let through has to have been changed, or there was nothing to hide in it.
    if (fate === "masked" && !/\[[A-Z_]+_1\]/.test(sent.left)) note("it went without a placeholder");
  }
  if (leftBy.size > 0) faults.push(`${leftBy.size} requests left that nobody made`);
  return { calls: asks.length, fates, faults };
}

interface Answer {
  readonly marked: string;
  readonly status: number;
  readonly got: string;
}

async function askAll(url: string, key: string, path: string, asks: readonly Ask[]): Promise<readonly Answer[]> {
  const pool = new Pool(url, { connections: atOnce, headersTimeout: 60_000, bodyTimeout: 60_000 });
  const answers: Answer[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < asks.length; index = next++) {
      const marked = `call-${++marks}`;
      const answer = await pool.request({
        path,
        method: "POST",
        headers: {
          authorization: `Bearer ${key}`,
          "anthropic-version": "2023-06-01",
          "content-type": "application/json",
          [mark]: marked,
        },
        body: asks[index]?.body ?? "",
      });
      answers[index] = { marked, status: answer.statusCode, got: await answer.body.text() };
    }
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, lane));
    return answers;
  } finally {
    await pool.destroy();
  }
}
