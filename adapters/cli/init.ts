import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { type Command, UsageError } from "./command.ts";

const usage = `postern init [FILE]

  Writes a config with comments (default postern.yaml). A file that is there already is left alone: 1.
`;

/** Valid as it stands, where the two variables are set. */
export const template = `# yaml-language-server: $schema=./node_modules/postern/schema/config.schema.json

# Where calls may go. A key is a reference: env:VARIABLE or file:PATH.
targets:
  openai: { provider: openai, apiKey: env:OPENAI_API_KEY }
  anthropic: { provider: anthropic, apiKey: env:ANTHROPIC_API_KEY }

# Names that callers ask for, and who is tried for them, in order.
models:
  fast:
    targets:
      - { target: openai, model: gpt-5-mini }
      - { target: anthropic, model: claude-haiku-4-5 }

# Who may call: \`postern keys create --id web --team search\` prints an entry. A target with an apiKey serves these callers alone.
access:
  keys: []

# Personal data and secrets are masked with the defaults. observe: nothing is edited or refused, only recorded.
mode: enforce

# Hard limits, reserved before a call leaves.
budgets: []
#  - { scope: { team: search }, limit: $100, window: month }

# memory, or sqlite:PATH to keep them.
stores: { ledger: memory, records: memory }
`;

export const init: Command = {
  summary: "write a config with comments",
  usage,
  async run(words, output) {
    const { positionals } = parseArgs({ args: [...words], allowPositionals: true });
    const [file = "postern.yaml", ...more] = positionals;
    if (more.length > 0) throw new UsageError("expected: init [FILE]");
    try {
      await writeFile(file, template, { flag: "wx" });
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      throw new Error(code === "EEXIST" ? `${file} is there already` : `${file} cannot be written (${code})`);
    }
    output.out(`${file} is written\n`);
    return 0;
  },
};
