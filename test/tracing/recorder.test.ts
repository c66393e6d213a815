import type { NewRecord, Records } from "../../src/stores/records.ts";
import type { Stores } from "../../src/stores/stores.ts";
import { createRecorder } from "../../src/tracing/recorder.ts";

const record = { traceId: "t" } as NewRecord;

function recorderOver(write: Records["write"]) {
  const warnings: string[] = [];
  const log = { debug() {}, info() {}, error() {}, warn: (_fields: object, message: string) => warnings.push(message) };
  const stores = { records: { write } } as unknown as Stores;
  return { recorder: createRecorder({ stores, log }), warnings };
}

describe("the recorder", () => {
  it("writes all calls of a tick in one batch", async () => {
    const batches: number[] = [];
    const { recorder } = recorderOver(async (batch) => void batches.push(batch.length));
    for (let index = 0; index < 20; index++) recorder.add(record);
    await recorder.close();
    expect(batches).toEqual([20]);
  });

  it("drops and counts what a failing store does not take, warns once, and goes on", async () => {
    let failing = true;
    let written = 0;
    const { recorder, warnings } = recorderOver(async (batch) => {
      if (failing) throw new Error("disk full");
      written += batch.length;
    });
    recorder.add(record);
    await recorder.close();
    recorder.add(record);
    await recorder.close();
    failing = false;
    recorder.add(record);
    await recorder.close();
    expect(recorder.dropped).toBe(2);
    expect(warnings).toHaveLength(1);
    expect(written).toBe(1);
  });

  it("bounds what waits for a store that hangs", async () => {
    const { recorder } = recorderOver(() => new Promise(() => {}));
    for (let index = 0; index < 10_600; index++) recorder.add(record);
    await Promise.resolve();
    expect(recorder.dropped).toBe(600);
  });
});
