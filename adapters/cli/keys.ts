import { parseArgs } from "node:util";
import { createKey } from "../../src/index.ts";
import { type Command, flag, text, UsageError } from "./command.ts";

const usage = `postern keys create [--id ID] [--team TEAM] [--json]

  Makes a virtual key. The key is shown this once and kept nowhere; the entry with its hash belongs into access.keys of the config.
`;

const name = /^[A-Za-z0-9._-]{1,64}$/;

export const keys: Command = {
  summary: "make virtual keys",
  usage,
  async run(words, output) {
    const options = { id: { ...text, default: "new-key" }, team: text, json: flag };
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true });
    if (positionals.length !== 1 || positionals[0] !== "create") throw new UsageError("expected: keys create");
    const { id, team, json } = values;
    for (const word of [id, team ?? "none"])
      if (!name.test(word))
        throw new UsageError("--id and --team take up to 64 letters, digits, dots, dashes and underscores");
    const { key, hash } = createKey();
    const entry = { id, hash, ...(team !== undefined && { team }) };
    // JSON is YAML, and quotes what YAML would take for something else.
    if (json) output.out(`${JSON.stringify({ key, entry })}\n`);
    else output.out(`${key}\n\naccess:\n  keys:\n    - ${JSON.stringify(entry)}\n`);
    return 0;
  },
};
