import { Refusal } from "../../src/index.ts";
import { calls } from "./calls.ts";
import { check } from "./check.ts";
import { type Command, type ExitCode, type Output, UsageError } from "./command.ts";
import { demo } from "./demo.ts";
import { init } from "./init.ts";
import { keys } from "./keys.ts";
import { details } from "./print.ts";
import { prompts } from "./prompts.ts";
import { scan } from "./scan.ts";
import { serve } from "./serve.ts";
import { spend } from "./spend.ts";

/** By name, in the order in which they are told. */
export const commands: ReadonlyMap<string, Command> = new Map(
  Object.entries({ demo, serve, init, check, scan, keys, spend, calls, prompts }),
);

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
    const message = messageOf(cause);
    const wrongWords = cause instanceof UsageError || codeOf(cause).startsWith("ERR_PARSE_ARGS");
    output.error(wrongWords ? `${message}\n\n${command.usage}` : `${message}\n`);
    return wrongWords ? 2 : 1;
  }
}

function messageOf(cause: unknown): string {
  if (!(cause instanceof Refusal)) return (cause as Error | undefined)?.message ?? "failed";
  return `${cause.code}: ${cause.message}${details(cause.detail)}`;
}

const codeOf = (cause: unknown): string => String((cause as NodeJS.ErrnoException | undefined)?.code ?? "");
