import { existsSync } from "node:fs";
import { relative } from "node:path";
import { createStores, type Places } from "../../src/stores/configured.ts";
import type { NewRecord } from "../../src/stores/records.ts";
import { createCallContext, receiptOf } from "../doubles/attempt.ts";
import { createScene, query, reserve } from "./sqlite/scene.ts";

const scene = createScene();
const record: NewRecord & { request: undefined } = {
  receipt: receiptOf(createCallContext({ id: "a" }), []),
  traceId: "",
  spanId: "",
  request: undefined,
  answer: undefined,
};

async function use(places: Places) {
  const stores = createStores(places, { clock: scene.clock, log: scene.log }, { keep: 10, worker: scene.worker });
  await stores.ready;
  await Promise.all([stores.ledger.append(reserve("a/1", 5n)), stores.records.write([record])]);
  const listed = await stores.records.list(10);
  await Promise.all([stores.counters.close(), stores.ledger.close(), stores.records.close()]);
  return { durable: stores.ledger.durable, listed };
}
const entries = (path: string): number => query(path, "SELECT * FROM ledger").length;
const calls = (path: string): number => query(path, "SELECT * FROM calls").length;

describe("stores as a config names them", () => {
  it("are in memory", async () => {
    expect(await use({ ledger: "memory", records: "memory" })).toEqual({ durable: false, listed: [record] });
  });

  it("share a file, however its path is written", async () => {
    const path = scene.newPath();
    const listed = await use({ ledger: `sqlite:${path}`, records: `sqlite:${relative(process.cwd(), path)}` });
    expect(listed).toEqual({ durable: true, listed: [record] });
    expect([entries(path), calls(path)]).toEqual([1, 1]);
  });

  it("have a file each", async () => {
    const [first, second] = [scene.newPath(), scene.newPath()];
    expect(await use({ ledger: `sqlite:${first}`, records: `sqlite:${second}` })).toEqual({
      durable: true,
      listed: [record],
    });
    expect([entries(first), calls(first), entries(second), calls(second)]).toEqual([1, 0, 0, 1]);
    expect([existsSync(`${first}-lock`), existsSync(`${second}-lock`)]).toEqual([true, false]);
  });

  it("are one in a file and one in memory, either way", async () => {
    const [first, second] = [scene.newPath(), scene.newPath()];
    expect(await use({ ledger: `sqlite:${first}`, records: "memory" })).toEqual({ durable: true, listed: [record] });
    expect(await use({ ledger: "memory", records: `sqlite:${second}` })).toEqual({ durable: false, listed: [record] });
    expect([entries(first), calls(first), entries(second), calls(second)]).toEqual([1, 0, 0, 1]);
  });

  it("are not ready where a file cannot be used", async () => {
    const places = { ledger: "memory", records: `sqlite:${scene.pathOf("nowhere/postern.db")}` };
    await expect(use(places)).rejects.toThrow("nowhere/postern.db: the file cannot be opened for writing (ENOENT)");
  });
});
