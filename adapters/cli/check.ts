import { parseArgs } from "node:util";
import { ConfigError, loadConfig } from "../../src/index.ts";
import { type Command, flag, UsageError } from "./command.ts";

const usage = `postern check FILE [--json]

  Says whether a config is valid: 0, or 1 and everything that is wrong, with line and column. References to secrets are read.
`;

export const check: Command = {
  summary: "say what is wrong with a config",
  usage,
  async run(words, output) {
    const { values, positionals } = parseArgs({ args: [...words], options: { json: flag }, allowPositionals: true });
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw new UsageError("expected: check FILE");
    try {
      const { targets, models, budgets, mode } = await loadConfig(file);
      const found = { targets: Object.keys(targets), models: Object.keys(models), budgets: budgets.length, mode };
      if (values.json) output.out(`${JSON.stringify({ valid: true, problems: [], ...found })}\n`);
      else output.out(`${file} is valid\n${described(found)}`);
      return 0;
    } catch (cause) {
      if (!(cause instanceof ConfigError)) throw cause;
      if (values.json) output.out(`${JSON.stringify({ valid: false, problems: cause.problems })}\n`);
      else output.error(`${cause.message}\n`);
      return 1;
    }
  },
};

function described({
  targets,
  models,
  budgets,
  mode,
}: {
  targets: string[];
  models: string[];
  budgets: number;
  mode: string;
}) {
  const listed = (names: readonly string[]): string => (names.length === 0 ? "none" : names.join(", "));
  return `  targets  ${listed(targets)}\n  models   ${listed(models)}\n  budgets  ${budgets}\n  mode     ${mode}\n`;
}
