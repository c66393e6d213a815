import { z } from "zod";

/** What a prompt may be called; a caller writes it before `@`. */
export const promptName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "expected a name of at most 64 letters, digits and . _ -");

export const prompts = z
  .strictObject({
    from: z
      .string()
      .min(1)
      .describe("A folder that holds a folder for each prompt: support/3.prompt, and support/labels.yaml."),
  })
  .optional()
  .describe("Prompts that callers may ask for by name.");
