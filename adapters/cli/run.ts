import { calls } from "./calls.ts";
import { check } from "./check.ts";
import { type Command, type ExitCode, type Output, UsageError } from "./command.ts";
import { init } from "./init.ts";
import { keys } from "./keys.ts";
import { serve } from "./serve.ts";
import { spend } from "./spend.ts";

const commands: ReadonlyMap<string, Command> = new Map(Object.entries({ serve, init, check, keys, spend, calls }));

const overview = (): string =>
  [
    "postern COMMAND [OPTIONS]\n",
    ...Array.from(commands, ([name, { summary }]) => `  ${name.padEnd(8)}${summary}`),
    "\npostern COMMAND --help tells more. Exit codes: 0 done, 1 not done or not valid, 2 wrong words.\n",
  ].join("\n");

/** The command line, without the process around it. */
export async function run(words: readonly string[], output: Output): Promise<ExitCode> {
  const [name = "--help", ...rest] = words;
  const command = commands.get(name);
  if (command === undefined) {
    const asked = name === "--help" || name === "help";
    if (asked) output.out(overview());
    else output.error(`there is no command of that name\n\n${overview()}`);
    return asked ? 0 : 2;
  }
  if (rest.includes("--help")) {
    output.out(command.usage);
    return 0;
  }
  try {
    return await command.run(rest, output);
  } catch (cause) {
    const message = (cause as Error | undefined)?.message ?? "failed";
    const wrongWords = cause instanceof UsageError || codeOf(cause).startsWith("ERR_PARSE_ARGS");
    output.error(wrongWords ? `${message}\n\n${command.usage}` : `${message}\n`);
    return wrongWords ? 2 : 1;
  }
}

const codeOf = (cause: unknown): string => String((cause as NodeJS.ErrnoException | undefined)?.code ?? "");
