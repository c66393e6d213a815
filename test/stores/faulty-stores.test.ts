import { createMemoryStores } from "../../src/stores/memory.ts";
import { createFakeClock } from "../doubles/clock.ts";
import { createFaultyStores } from "../doubles/faulty-stores.ts";

const line = { key: "x", limit: 100n, expiresAt: Number.POSITIVE_INFINITY };

function create() {
  const clock = createFakeClock();
  const stores = createFaultyStores(createMemoryStores({ clock }, { keep: 10 }), clock);
  const held = async () => (await stores.counters.read(["x"]))[0]?.held;
  const reserve = (id: string) => stores.counters.reserve(id, [line], 1n, 1n, 1);
  return { clock, stores, held, reserve };
}

/** Lets every promise that can settle without the clock do so. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("the double of the stores", () => {
  it("fails without doing it, as often as told", async () => {
    const { stores, held, reserve } = create();
    stores.break("counters.reserve", "fail", 1);
    await expect(reserve("a")).rejects.toThrow("broken on command");
    expect(await held()).toBe(0n);
    await reserve("a");
    expect(await held()).toBe(1n);
    expect(stores.calls("counters.reserve")).toBe(2);
  });

  it("loses the answer after doing it", async () => {
    const { stores, held, reserve } = create();
    stores.break("counters.reserve", "lose");
    await expect(reserve("a")).rejects.toThrow("broken on command");
    expect(await held()).toBe(1n);
  });

  it("hangs until it is mended", async () => {
    const { stores, held, reserve } = create();
    stores.break("counters.reserve", "hang");
    const pending = reserve("a");
    await settled();
    expect(await held()).toBe(0n);
    stores.mend();
    await pending;
    expect(await held()).toBe(1n);
  });

  it("is slow before or after doing it", async () => {
    const { clock, stores, held, reserve } = create();
    stores.break("counters.reserve", { delay: 50 });
    const late = reserve("a");
    await settled();
    expect(await held()).toBe(0n);
    clock.advance(50);
    await late;
    stores.break("counters.reserve", { linger: 50 });
    const slow = reserve("b");
    await settled();
    expect(await held()).toBe(2n);
    clock.advance(50);
    await slow;
  });
});
