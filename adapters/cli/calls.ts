import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { openReader, toDollars } from "../../src/index.ts";
import { type Command, flag, type Output, text, toNumber, UsageError } from "./command.ts";
import { toTable } from "./print.ts";

const usage = `postern calls list DATABASE [--limit N] [--json]
postern calls tail DATABASE [--json]
postern calls show DATABASE ID

  Recorded calls from a SQLite file, which may be in use: the newest first (default 20), or all that is known of one, as JSON.
  tail prints each call as it is recorded from now on (--json: one line of JSON each), until SIGINT or SIGTERM. Money is in dollars.

Exit codes: 0 done, 1 not done or no such call, 2 wrong words.
`;

type Reader = ReturnType<typeof openReader>;

/** All big integers of a record are pico-dollars. */
const money = (_key: string, value: unknown): unknown =>
  typeof value === "bigint" ? toDollars(value).replace("$", "") : value;

export const calls: Command = {
  summary: "list recorded calls, follow them, show one",
  usage,
  async run(words, output) {
    const options = { limit: { ...text, default: "20" }, json: flag };
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true });
    const [action, file, id, ...more] = positionals;
    const known =
      ((action === "list" || action === "tail") && id === undefined) || (action === "show" && id !== undefined);
    if (!known || file === undefined || more.length > 0)
      throw new UsageError("expected: list DATABASE, tail DATABASE, or show DATABASE ID");
    const limit = toNumber("limit", values.limit, 1, 10_000);
    const reader = openReader(file);
    try {
      if (id !== undefined) show(reader, id, output);
      else if (action === "tail") await tail(reader, values.json === true, output);
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

type Listed = ReturnType<Reader["listCalls"]>[number];

const toCells = ({ receipt: { id, startedAt, outcome, status, model, target = "-", cost } }: Listed): string[] => {
  return [id, new Date(startedAt).toISOString(), outcome, String(status), model, target, toDollars(cost)];
};

function list(reader: Reader, limit: number, json: boolean, output: Output): void {
  const listed = reader.listCalls({ limit });
  const table = [["id", "started", "outcome", "status", "model", "target", "cost"], ...listed.map(toCells)];
  output.out(json ? `${JSON.stringify(listed, money)}\n` : toTable(table));
}

/** Milliseconds between looks at the file: SQLite tells no other process of what is written. */
const pause = 200;
const page = 500;

async function tail(reader: Reader, json: boolean, output: Output): Promise<void> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => stop.abort());
  let after = reader.listCalls({ limit: 1 })[0]?.cursor ?? 0;
  output.error("following\n");
  while (!stop.signal.aborted) {
    const listed = reader.listCalls({ after, limit: page });
    for (const call of listed) output.out(json ? `${JSON.stringify(call, money)}\n` : toTable([toCells(call)]));
    after = listed.at(-1)?.cursor ?? after;
    if (listed.length < page) await sleep(pause, undefined, { signal: stop.signal }).catch(() => {});
  }
}
