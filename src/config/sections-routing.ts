import { z } from "zod";
import { duration, share } from "./units.ts";

const errorRate = z
  .strictObject({
    above: share.default(0.5).describe("Failed attempts among all."),
    calls: z.int().min(1).default(20).describe("Attempts in the window without which nothing is concluded."),
    window: duration.default(60_000).describe("How far back attempts count."),
  })
  .optional()
  .describe("The share of failures from which a target is passed over, too. By default only failures in a row count.");

const retries = z
  .strictObject({
    share: share.default(0.2).describe("Further attempts as a share of the calls in the window."),
    floor: z.int().min(0).default(10).describe("Further attempts in the window that are always allowed."),
    window: duration.default(10_000).describe("How far back calls count."),
  })
  .optional()
  .describe("Bounds what failing calls add to the load, over all calls of the gateway. By default it is not bounded.");

export const routing = z
  .strictObject({
    deadline: duration.default(600_000).describe("One deadline for all attempts of a call."),
    attempts: z.int().min(1).max(20).default(5).describe("Attempts of one call at most."),
    failures: z
      .int()
      .min(1)
      .default(3)
      .describe("Failures in a row after which a target is passed over for as long as coolDown says."),
    errorRate,
    coolDown: duration
      .default(30_000)
      .describe("How long a failing target is passed over. Then one call at a time may try it, until one succeeds."),
    allCooling: z
      .enum(["try", "refuse"])
      .default("try")
      .describe("When every target is passed over: try the one whose time is up first, or refuse at once."),
    retries,
    longestWait: duration
      .default(10_000)
      .describe("A provider's retry-after up to this long is waited for when no other target is left."),
  })
  .prefault({})
  .describe("How targets are tried.");
