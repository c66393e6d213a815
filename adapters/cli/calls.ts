import { parseArgs } from "node:util";
import { openReader, toDollars } from "../../src/index.ts";
import { type Command, flag, type Output, text, toNumber, UsageError } from "./command.ts";
import { toTable } from "./print.ts";

const usage = `postern calls list DATABASE [--limit N] [--json]
postern calls show DATABASE ID

  Recorded calls from a SQLite file, which may be in use: the newest first (default 20), or all that is known of one, as JSON.
  Money is in dollars. 1 where there is no such call.
`;

type Reader = ReturnType<typeof openReader>;

/** All big integers of a record are pico-dollars. */
const money = (_key: string, value: unknown): unknown =>
  typeof value === "bigint" ? toDollars(value).replace("$", "") : value;

export const calls: Command = {
  summary: "list recorded calls, show one",
  usage,
  async run(words, output) {
    const options = { limit: { ...text, default: "20" }, json: flag };
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true });
    const [action, file, id, ...more] = positionals;
    const known = (action === "list" && id === undefined) || (action === "show" && id !== undefined);
    if (!known || file === undefined || more.length > 0)
      throw new UsageError("expected: list DATABASE, or show DATABASE ID");
    const limit = toNumber("limit", values.limit, 1, 10_000);
    const reader = openReader(file);
    try {
      if (id !== undefined) show(reader, id, output);
      else list(reader, limit, values.json === true, output);
    } finally {
      reader.close();
    }
    return 0;
  },
};

function show(reader: Reader, id: string, output: Output): void {
  const record = reader.showCall(id);
  if (record === undefined) throw new Error("there is no such call");
  output.out(`${JSON.stringify(record, money, 2)}\n`);
}

function list(reader: Reader, limit: number, json: boolean, output: Output): void {
  const listed = reader.listCalls({ limit });
  const rows = listed.map(({ receipt: { id, startedAt, outcome, status, model, target = "-", cost } }) => {
    return [id, new Date(startedAt).toISOString(), outcome, String(status), model, target, toDollars(cost)];
  });
  const table = [["id", "started", "outcome", "status", "model", "target", "cost"], ...rows];
  output.out(json ? `${JSON.stringify(listed, money)}\n` : toTable(table));
}
