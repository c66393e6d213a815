import { z } from "zod";
import { readYaml, type YamlText } from "../config/yaml.ts";
import type { Path } from "../slot.ts";
import type { Variables } from "./lookup.ts";
import { mismatchIn, type ObjectType, toObjectType } from "./picoschema.ts";
import { type Place, PromptProblem, top } from "./problem.ts";

const number = z.number();

const settings = z.strictObject({
  temperature: number.min(0).max(2).optional(),
  topP: number.min(0).max(1).optional(),
  topK: z.int().min(1).optional(),
  maxOutputTokens: z.int().min(1).optional(),
  stopSequences: z.array(z.string().min(1)).min(1).max(16).optional(),
  frequencyPenalty: number.min(-2).max(2).optional(),
  presencePenalty: number.min(-2).max(2).optional(),
  seed: z.int().optional(),
  reasoningEffort: z
    .string()
    .regex(/^[a-z]{1,16}$/)
    .optional(),
});

const frontMatter = z.strictObject({
  model: z
    .string()
    .regex(/^(?!prompt:)[!-~]{1,256}$/)
    .optional(),
  description: z.string().optional(),
  metadata: z.unknown().optional(),
  config: settings.default({}),
  input: z
    .strictObject({ schema: z.unknown().optional(), default: z.record(z.string(), z.unknown()).default({}) })
    .optional(),
});

export type Settings = z.output<typeof settings>;

/** What stands above the template. */
export interface FrontMatter {
  /** A model or alias, as a caller would ask for it. */
  readonly model: string | undefined;
  readonly settings: Settings;
  /** `undefined`: any variables, of any type. */
  readonly schema: ObjectType | undefined;
  readonly defaults: Variables;
}

/** `path` is empty where the problem is one of the whole. */
export function readFrontMatter(text: string): FrontMatter {
  const yaml = readYaml(text);
  const [problem] = yaml.problems;
  // The text begins in the file's second line.
  if (problem !== undefined) {
    throw new PromptProblem(problem.message, { line: (problem.line ?? 1) + 1, column: problem.column ?? 1 });
  }
  const result = frontMatter.safeParse(own(yaml.value));
  if (!result.success) throw firstOf(result.error.issues, yaml);
  const { model, config, input } = result.data;
  const fail = (path: Path, message: string): never => {
    throw new PromptProblem(message, placeIn(yaml, path, "value"));
  };
  const declared = input?.schema;
  const schema =
    declared === undefined || declared === null
      ? undefined
      : toObjectType(declared, ["input", "schema"], (path, message) => {
          throw new PromptProblem(message, placeIn(yaml, path, "key"));
        });
  const defaults = input?.default ?? {};
  if (schema !== undefined) {
    const found = mismatchIn(lenient(schema), defaults);
    if (found !== undefined)
      fail(["input", "default"], "a default is not of its variable's type, or none of the variables");
  }
  return { model, settings: config, schema, defaults };
}

/** Keys with a dot are for other programs; so the file format has it. */
const own = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).filter(([name]) => !name.includes(".")))
    : value;

/** Defaults need not be complete. */
const lenient = ({ fields, rest }: ObjectType): ObjectType => ({
  kind: "object",
  fields: new Map([...fields].map(([name, { type }]) => [name, { type, optional: true }])),
  rest,
});

const placeIn = (yaml: YamlText, path: Path, at: "key" | "value"): Place => {
  const { line, column } = yaml.locate(path, at);
  return { line: line + 1, column };
};

function firstOf(issues: readonly z.core.$ZodIssue[], yaml: YamlText): PromptProblem {
  const [issue] = issues;
  if (issue === undefined) return new PromptProblem("the front matter is not valid", top);
  const path = issue.path.map((part) => (typeof part === "number" ? part : String(part)));
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys[0] ?? "";
    return new PromptProblem("the key is not known here", placeIn(yaml, [...path, key], "key"));
  }
  const message =
    issue.code === "invalid_type" ? `expected ${issue.expected}` : "the value is not one that may stand here";
  return new PromptProblem(message, placeIn(yaml, path, "value"));
}
