import { abilitiesOf as claude } from "../../../src/dialects/translate/anthropic-messages-models.ts";
import { abilitiesOf as gpt } from "../../../src/dialects/translate/openai-chat-models.ts";

describe("what a Claude model takes", () => {
  it.each([
    ["claude-3-haiku-20240307", "all", [], "no", false, false, true, 4_096, true],
    ["claude-3-5-sonnet-20241022", "all", [], "no", false, false, true, 8_192, true],
    ["claude-3-7-sonnet-latest", "all", [], "no", false, false, true, 64_000, true],
    ["claude-sonnet-4-20250514", "all", [], "no", false, false, true, 64_000, true],
    ["claude-opus-4-1-20250805", "one", [], "no", false, false, true, 32_000, true],
    ["claude-haiku-4-5", "one", [], "no", true, false, true, 64_000, true],
    ["claude-opus-4-5-20251101", "one", ["low", "medium", "high"], "no", true, false, true, 64_000, true],
    [
      "anthropic.claude-opus-4-6-v1",
      "one",
      ["low", "medium", "high", "max"],
      "asked",
      true,
      false,
      false,
      64_000,
      false,
    ],
    ["claude-opus-4-7", "none", ["low", "medium", "high", "xhigh", "max"], "asked", true, false, false, 64_000, false],
    [
      "claude-opus-4-8-20260528",
      "none",
      ["low", "medium", "high", "xhigh", "max"],
      "asked",
      true,
      true,
      false,
      64_000,
      false,
    ],
    ["claude-sonnet-5", "none", ["low", "medium", "high", "xhigh", "max"], "always", true, false, false, 64_000, false],
    [
      "claude-sonnet-5-5",
      "none",
      ["low", "medium", "high", "xhigh", "max"],
      "always",
      true,
      true,
      false,
      64_000,
      false,
    ],
    ["claude-fable-5-1", "none", ["low", "medium", "high", "xhigh", "max"], "fixed", true, true, false, 64_000, false],
    ["smart", "none", [], "fixed", true, false, true, 8_192, false],
  ])("%s", (name, sampling, efforts, thinks, formats, systemTurns, prefills, maxOutput, outputEnds) => {
    expect(claude(name)).toEqual({
      sampling,
      efforts: new Set(efforts),
      thinks,
      formats,
      systemTurns,
      prefills,
      maxOutput,
      outputEnds,
    });
  });
});

describe("what a model of OpenAI's, or of a server like it, takes", () => {
  it.each([
    ["gpt-4.1-mini", true, false, [], false, true, 32_768],
    ["openai/gpt-4o", true, false, [], false, true, 16_384],
    ["gpt-4o-2024-05-13", true, false, [], false, true, 4_096],
    ["gpt-4-turbo", true, false, [], false, true, 4_096],
    ["o1-mini", true, true, ["low", "medium", "high"], false, false, undefined],
    ["o3-mini", true, true, ["low", "medium", "high"], false, false, 100_000],
    ["gpt-5", true, true, ["low", "medium", "high", "minimal"], false, true, 128_000],
    ["gpt-5-chat-latest", true, false, [], false, true, 16_384],
    ["gpt-5.1", true, true, ["low", "medium", "high", "none"], false, true, 128_000],
    ["gpt-5.6", true, true, ["low", "medium", "high", "none", "xhigh"], true, true, 128_000],
    ["gpt-oss-120b", false, false, ["low", "medium", "high"], false, true, undefined],
    ["mistral-large-latest", false, false, [], false, true, undefined],
  ])("%s", (name, own, reasons, efforts, breakpoints, single, longest) => {
    expect(gpt(name)).toEqual({ own, reasons, efforts: new Set(efforts), breakpoints, single, longest });
  });
});
