import { z } from "zod";
import { isInspected, isPlainPath } from "../pass-through/paths.ts";
import { name } from "./shapes.ts";

const path = z
  .string()
  .refine(isPlainPath, "expected a path such as /v1/files, without dot segments, doubled or encoded slashes")
  .refine((text) => !isInspected(text), "this endpoint is inspected, so it is never passed through");

const entry = z.strictObject({
  path: path.describe("The path, and all below it."),
  target: name
    .optional()
    .describe(
      "Where to send, with this target's key. By default the first target of the provider whose wire is spoken.",
    ),
  keys: z
    .array(name)
    .min(1)
    .optional()
    .describe(
      "Ids of the keys that may use it. By default all but those with limits on models or output tokens, which nothing enforces here.",
    ),
});

export const passThrough = z
  .array(
    z
      .union([path, entry])
      .transform((value) => (typeof value === "string" ? { path: value } : value) as z.output<typeof entry>),
  )
  .prefault([])
  .describe(
    "Paths that are forwarded without a look into them: files, images, audio, batches, realtime. What is not inspected is not protected: nothing is redacted, priced, counted against a budget or failed over; only the caller's key, its rights and its rate are checked. Needs http-proxy-middleware.",
  );
