import { type ParseOptions, parseConfig } from "../../src/config/load.ts";
import { ConfigError } from "../../src/config/problems.ts";
import type { ConfigInput } from "../../src/config/schema.ts";

/** The error that a config makes; throws where it makes none. */
export function errorOf(input: string | ConfigInput | object, options: ParseOptions = {}): ConfigError {
  try {
    parseConfig(input as string | ConfigInput, { environment: {}, ...options });
  } catch (cause) {
    if (cause instanceof ConfigError) return cause;
    throw cause;
  }
  throw new Error("the config was accepted");
}

/** Each problem as `line:column path: message (hint)`. */
export function problemsOf(input: string | ConfigInput | object, options: ParseOptions = {}): readonly string[] {
  return errorOf(input, options).message.split("\n  ").slice(1);
}
