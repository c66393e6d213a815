import { z } from "zod";
import { duration, share } from "./units.ts";

const errorRate = z
  .strictObject({
    above: share.prefault("50%").describe("Failed attempts among all."),
    calls: z.int().min(1).default(20).describe("Attempts in the window without which nothing is concluded."),
    window: duration.prefault("1m").describe("How far back attempts count."),
  })
  .optional()
  .describe("The share of failures from which a target is passed over, too. By default only failures in a row count.");

const retries = z
  .strictObject({
    share: share.prefault("20%").describe("Further attempts as a share of the calls in the window."),
    floor: z.int().min(0).default(10).describe("Further attempts in the window that are always allowed."),
    window: duration.prefault("10s").describe("How far back calls count."),
  })
  .optional()
  .describe("Bounds what failing calls add to the load, over all calls of the gateway. By default it is not bounded.");

export const routing = z
  .strictObject({
    deadline: duration.prefault("10m").describe("One deadline for all attempts of a call."),
    attempts: z.int().min(1).max(20).default(5).describe("Attempts of one call at most."),
    failures: z
      .int()
      .min(1)
      .default(3)
      .describe("Failures in a row after which a target is passed over for as long as coolDown says."),
    errorRate,
    coolDown: duration
      .prefault("30s")
      .describe("How long a failing target is passed over. Then one call at a time may try it, until one succeeds."),
    allCooling: z
      .enum(["try", "refuse"])
      .default("try")
      .describe("When every target is passed over: try the one whose time is up first, or refuse at once."),
    retries,
    longestWait: duration
      .prefault("10s")
      .describe("A provider's retry-after up to this long is waited for when no other target is left."),
  })
  .prefault({})
  .describe("How targets are tried.");
