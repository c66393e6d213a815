/** Postern with everything on, over memory stores that count. */
import { createGateway, createMemoryStores, hashKey, silent } from "../../dist/src/index.js";

const clock = {
  now: () => Date.now(),
  ticks: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms).unref();
    return () => clearTimeout(timer);
  },
};

export const benchConfig = (origin) => ({
  targets: { openai: { provider: "openai", apiKey: "sk-bench", baseUrl: `${origin}/v1` } },
  models: { fast: { targets: [{ target: "openai", model: "gpt-5-mini" }] } },
  access: { keys: [{ id: "bench", hash: hashKey("psk_bench"), team: "bench", allow: ["customer"] }] },
  budgets: [
    { scope: { team: "bench" }, limit: "$1000000", window: "month" },
    { scope: {}, limit: "$5000000", window: "total" },
  ],
  tracing: { payloads: "redacted" },
});

/** A gateway, and what it did so far. */
export function benchGateway(origin) {
  const stores = createMemoryStores({ clock }, { keep: 1_000 });
  const done = { records: 0, answered: 0, masked: 0, payloads: 0, charged: 0 };
  const records = {
    ...stores.records,
    write(batch) {
      for (const { receipt, request, answer } of batch) {
        done.records++;
        if (receipt.outcome === "answered") done.answered++;
        if (request !== undefined && answer !== undefined) done.payloads++;
        for (const { action, count } of receipt.findings) if (action === "masked") done.masked += count;
      }
      return stores.records.write(batch);
    },
  };
  const gateway = createGateway(benchConfig(origin), { log: silent, stores: { ...stores, records } });
  const counts = () => {
    const { reserved, settled, charged } = stores.ledger.totals();
    return { ...done, reserved, settled, dollars: Number(charged) / 1e12 };
  };
  return { gateway, counts };
}
