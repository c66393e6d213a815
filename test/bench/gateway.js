/** Postern with everything on, over stores that count. */
import { createGateway, createMemoryStores, hashKey, openReader, silent, systemClock } from "../../dist/src/index.js";
import { createStores } from "../../dist/src/stores/configured.js";

const at = (origin, provider, apiKey) => ({ provider, apiKey, baseUrl: `${origin}/v1` });
const gpt = { target: "openai", model: "gpt-5-mini" };
const claude = { target: "anthropic", model: "claude-sonnet-4-5" };

const policy = {
  access: { keys: [{ id: "bench", hash: hashKey("psk_bench"), team: "bench", allow: ["customer"] }] },
  budgets: [
    { scope: { team: "bench" }, limit: "$1000000", window: "month" },
    { scope: {}, limit: "$5000000", window: "total" },
  ],
  tracing: { payloads: "redacted" },
};

/** One provider, as its own callers use it. */
export const singleConfig = (origin) => ({
  targets: { openai: at(origin, "openai", "sk-bench") },
  models: { fast: { targets: [gpt] } },
  ...policy,
});

/** Claude answers when GPT is down, and each is there for callers of the other's wire. */
export const benchConfig = (origin, apiKey = "sk-bench") => ({
  targets: { openai: at(origin, "openai", apiKey), anthropic: at(origin, "anthropic", apiKey) },
  models: { fast: { targets: [gpt, claude] }, claude: { targets: [claude] }, gpt: { targets: [gpt] } },
  ...policy,
});

const speaks = { "openai-chat": "openai", "anthropic-messages": "anthropic" };

function countRecords(records, done) {
  const isForeign = ({ dialect, attempts }) => attempts.some(({ provider }) => provider !== speaks[dialect]);
  const note = ({ receipt, request, answer }) => {
    done.records++;
    if (receipt.outcome === "answered") done.answered++;
    if (request !== undefined && answer !== undefined) done.payloads++;
    if (isForeign(receipt)) done.translated++;
    if (receipt.attempts.some(({ losses }) => losses.length > 0)) done.lost++;
    for (const { action, count } of receipt.findings) if (action === "masked") done.masked += count;
  };
  return {
    ...records,
    async write(batch) {
      batch.forEach(note);
      await records.write(batch);
    },
  };
}

function countEntries(ledger, done) {
  return {
    ...ledger,
    async append(entry) {
      await ledger.append(entry);
      if (entry.kind === "reserve") done.reserved++;
      else {
        done.settled++;
        done.charged += entry.amount;
      }
    },
  };
}

/** A gateway, and what it did so far. @param file of ledger and records, which are else in memory */
export function benchGateway(origin, { config = benchConfig(origin), file } = {}) {
  const parts = { clock: systemClock, log: silent };
  const places = { ledger: `sqlite:${file}`, records: `sqlite:${file}` };
  const stores = file === undefined ? createMemoryStores(parts, { keep: 1_000 }) : createStores(places, parts, {});
  const done = { records: 0, answered: 0, masked: 0, payloads: 0, translated: 0, lost: 0 };
  const money = { reserved: 0, settled: 0, charged: 0n };
  const counting = { ...stores, records: countRecords(stores.records, done) };
  // Memory counts for itself, and what is measured shall not pay for more.
  if (file !== undefined) counting.ledger = countEntries(stores.ledger, money);
  const gateway = createGateway(config, { log: silent, stores: counting });
  const counts = () => {
    const { reserved, settled, charged } = file === undefined ? stores.ledger.totals() : money;
    return { ...done, reserved, settled, dollars: Number(charged) / 1e12 };
  };
  /** The same with what is on file, which the thread that writes is waited for. */
  const final = async () => {
    if (file === undefined) return counts();
    await stores.records.list(1);
    const reader = openReader(file);
    const filed = reader.spend({ by: [], since: 0 }).reduce((sum, { calls }) => sum + calls, 0);
    reader.close();
    return { ...counts(), filed };
  };
  return { gateway, counts, final };
}
