export type Instruction =
  | {
      readonly kind: "copy";
      readonly from: string | undefined;
      readonly sources: readonly string[];
      readonly to: string;
    }
  | { readonly kind: "run"; readonly command: string };

export interface Stage {
  readonly name: string;
  /** Absolute: what copies and commands are relative to. */
  readonly folder: string;
  readonly instructions: readonly Instruction[];
  readonly user: string | undefined;
  readonly health: readonly string[] | undefined;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
}

type Draft = { -readonly [K in keyof Stage]: Stage[K] } & { readonly instructions: Instruction[] };

/** The stages of a Dockerfile, of the instructions that ours uses; throws an `Error` for any other. */
export function readDockerfile(text: string): readonly Stage[] {
  const stages: Draft[] = [];
  for (const line of text.split("\n")) {
    const [, word = "", rest = ""] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (line.trim() === "" || line.startsWith("#") || word === "ARG") continue;
    if (word === "FROM") stages.push(stageOf(rest));
    else apply(stages.at(-1), word, rest);
  }
  return stages;
}

function stageOf(rest: string): Draft {
  const [, name] = /^\S+ AS (\S+)$/.exec(rest) ?? [];
  if (name === undefined) throw new Error(`FROM ${rest}: expected a name`);
  return { name, folder: "/", instructions: [], user: undefined, health: undefined, entrypoint: [], command: [] };
}

function apply(stage: Draft | undefined, word: string, rest: string): void {
  if (stage === undefined) throw new Error(`${word} before FROM`);
  if (word === "WORKDIR") stage.folder = rest;
  else if (word === "COPY") stage.instructions.push(copyOf(rest));
  else if (word === "RUN") stage.instructions.push({ kind: "run", command: rest });
  else if (word === "USER") stage.user = rest;
  else if (word === "HEALTHCHECK") stage.health = JSON.parse(rest.slice(rest.indexOf("CMD ") + 4));
  else if (word === "ENTRYPOINT") stage.entrypoint = JSON.parse(rest);
  else if (word === "CMD") stage.command = JSON.parse(rest);
  else if (word !== "ENV" && word !== "EXPOSE") throw new Error(`${word} is not understood`);
}

function copyOf(rest: string): Instruction {
  const [, from, paths = ""] = /^(?:--from=(\S+) )?([^-].*)$/.exec(rest) ?? [];
  const words = paths.split(" ");
  const to = words.pop() ?? "";
  if (words.length === 0) throw new Error(`COPY ${rest}: expected sources and a target`);
  return { kind: "copy", from, sources: words, to };
}
