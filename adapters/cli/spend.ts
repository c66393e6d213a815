import { parseArgs } from "node:util";
import { type Dimension, openReader, spendDimensions, toDollars } from "../../src/index.ts";
import { type Command, flag, text, UsageError } from "./command.ts";
import { toSince, toTable } from "./print.ts";

const usage = `postern spend DATABASE [--by team,model] [--since 30d] [--json]

  What calls cost, from the records in a SQLite file, the dearest first; it may be in use.
  --by NAMES      of ${spendDimensions.join(", ")} (default team,model)
  --since AGE     calls of that age at most: 90m, 12h, 30d (default 30d)
`;

const isDimension = (word: string): word is Dimension => (spendDimensions as readonly string[]).includes(word);

export const spend: Command = {
  summary: "tell what calls cost",
  usage,
  async run(words, output) {
    const options = { by: { ...text, default: "team,model" }, since: { ...text, default: "30d" }, json: flag };
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true });
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw new UsageError("expected: spend DATABASE");
    const by = values.by.split(",");
    if (!by.every(isDimension)) throw new UsageError(`--by takes some of ${spendDimensions.join(", ")}`);
    const since = toSince(values.since, Date.now());
    const reader = openReader(file);
    try {
      const rows = reader.spend({ by, since });
      if (values.json)
        output.out(`${JSON.stringify(rows.map((row) => ({ ...row, cost: toDollars(row.cost).slice(1) })))}\n`);
      else {
        const cells = rows.map((row) => [
          ...by.map((name) => row.group[name] ?? "-"),
          String(row.calls),
          String(row.input),
          String(row.output),
          toDollars(row.cost),
        ]);
        output.out(toTable([[...by, "calls", "input", "output", "cost"], ...cells]));
      }
    } finally {
      reader.close();
    }
    return 0;
  },
};
