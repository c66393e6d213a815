import { parseArgs } from "node:util";
import { type Config, ConfigError, explain, loadConfig, systemClock } from "../../src/index.ts";
import { type Command, flag, type Output, text, UsageError } from "./command.ts";
import { explained } from "./explained.ts";

const usage = `postern check FILE [--json]
postern check FILE --model M [--key KEY | --key-id ID] [--dialect openai|anthropic] [--json]

  Says whether a config is valid: 0, or 1 and everything that is wrong, with line and column. References to secrets are read.
  With --model it also explains what a chat that asks for M would meet: its caller, targets in order, redaction and budgets.
  No call is made. What depends on the body, on headers or on earlier calls is left out, the balances of budgets too; the
  attributes that a key requires are taken as named. Prices are dollars for a million tokens, uncached.
  --model M     a model or an alias
  --key KEY     the caller's key; it is never printed, but other users of the machine may see it: --key-id needs no key
  --key-id ID   the caller's entry in access.keys
  --dialect D   whose API the caller speaks; openai by default

Exit codes: 0 valid, and the call would be served; 1 not valid, or it would be refused, with the error's code; 2 wrong words.
`;

const options = { json: flag, model: text, key: text, "key-id": text, dialect: text };
type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>["values"];

export const check: Command = {
  summary: "say what is wrong with a config, and what a call would meet",
  usage,
  async run(words, output) {
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true });
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw new UsageError("expected: check FILE");
    const question = toQuestion(values);
    try {
      const config = await loadConfig(file);
      const explanation = question && explain(config, question, systemClock);
      if (values.json) output.out(`${JSON.stringify({ ...summary(config), ...(explanation && { explanation }) })}\n`);
      else
        output.out(
          `${file} is valid\n${question && explanation ? explained(question, explanation) : described(config)}`,
        );
      return explanation?.served === false ? 1 : 0;
    } catch (cause) {
      if (!(cause instanceof ConfigError)) throw cause;
      tellProblems(cause, values.json === true, output);
      return 1;
    }
  },
};

function toQuestion({ model, key, "key-id": keyId, dialect = "openai" }: Values) {
  if (dialect !== "openai" && dialect !== "anthropic") throw new UsageError("--dialect takes openai or anthropic");
  if (key !== undefined && keyId !== undefined) throw new UsageError("--key and --key-id exclude each other");
  if (model !== undefined) return { model, key, keyId, provider: dialect } as const;
  if (key !== undefined || keyId !== undefined) throw new UsageError("--key and --key-id need --model");
  return undefined;
}

function tellProblems({ problems, message }: ConfigError, json: boolean, output: Output): void {
  if (json) output.out(`${JSON.stringify({ valid: false, problems })}\n`);
  else output.error(`${message}\n`);
}

const summary = ({ targets, models, budgets, mode }: Config) => ({
  valid: true,
  problems: [],
  targets: Object.keys(targets),
  models: Object.keys(models),
  budgets: budgets.length,
  mode,
});

function described(config: Config): string {
  const { targets, models, budgets, mode } = summary(config);
  const listed = (names: readonly string[]): string => (names.length === 0 ? "none" : names.join(", "));
  return `  targets  ${listed(targets)}\n  models   ${listed(models)}\n  budgets  ${budgets}\n  mode     ${mode}\n`;
}
