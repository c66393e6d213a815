import { Session } from "node:inspector/promises";

/** Counts executed blocks of the sources, as the engine's own coverage does: work without a clock, the same on every machine. */
export interface StepCounter {
  count(run: () => Promise<unknown>): Promise<number>;
  close(): Promise<void>;
}

export async function createStepCounter(): Promise<StepCounter> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  return {
    async count(run) {
      await session.post("Profiler.takePreciseCoverage");
      await run();
      const { result } = await session.post("Profiler.takePreciseCoverage");
      let steps = 0;
      for (const { url, functions } of result) {
        if (!/\/src\/[^.]+\.ts$/.test(url)) continue;
        for (const { ranges } of functions) for (const { count } of ranges) steps += count;
      }
      return steps;
    },
    async close() {
      await session.post("Profiler.stopPreciseCoverage");
      session.disconnect();
    },
  };
}
