import { commands } from "../../adapters/cli/run.ts";
import { page } from "./markdown.ts";

/** What each command says of itself with --help. */
export function commandLineReference(): string {
  const told = Array.from(commands, ([name, { summary, usage }]) => {
    return `## ${name}\n\n${summary[0]?.toUpperCase()}${summary.slice(1)}.\n\n\`\`\`text\n${usage.trimEnd()}\n\`\`\``;
  });
  const about =
    "`postern COMMAND [OPTIONS]`. Exit codes: 0 done, 1 not done or not valid, 2 wrong words, where a command says no more of them.";
  return page("The command line", about, ...told);
}
