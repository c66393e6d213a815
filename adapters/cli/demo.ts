import { parseArgs } from "node:util";
import { type Command, flag, text, toNumber } from "./command.ts";

const usage = `postern demo [--real] [--port PORT]

  --real         with the providers whose keys the environment holds (OPENAI_API_KEY, ANTHROPIC_API_KEY), which costs a fraction of a cent
  --port PORT    default 8787; 0: any that is free

Starts scripted providers in a process of their own and a gateway in an Express app on loopback, sends three calls with the official SDK, and
shows what each side saw: personal data hidden and restored, a failover, a budget that refuses. Then it stays up until it is stopped.
Needs the packages openai and express.
`;

/** What the story is told with, which a gateway can do without. */
const needed: ReadonlySet<string> = new Set(["openai", "express"]);

export const demo: Command = {
  summary: "show on this machine what a gateway does, without keys",
  usage,
  async run(words) {
    const { values } = parseArgs({ args: [...words], options: { real: flag, port: { ...text, default: "8787" } } });
    const port = toNumber("port", values.port, 0, 65_535);
    const { tellStory } = await import("./demo/story.ts").catch(explain);
    await tellStory({ real: values.real === true, port });
    return 0;
  },
};

function explain(cause: unknown): never {
  const name = /Cannot find package '([^']+)'/.exec(String((cause as Error | undefined)?.message))?.[1];
  if (name === undefined || !needed.has(name)) throw cause;
  throw new Error(`the demo needs the package ${name}: npm install openai express`);
}
