import { execFileSync, execSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync, symlinkSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { type Instruction, readDockerfile, type Stage } from "./dockerfile.ts";

/** The image as a folder: what its last stage holds, and the running Node in place of the base image's. */
export interface Tree {
  readonly root: string;
  readonly stage: Stage;
}

/** Where the base image keeps it. */
const node = "/usr/local/bin/node";

/**
 * Follows the Dockerfile's COPY and RUN lines in folders below `cache`, without Docker. The modules to build with are the checkout's own.
 * Needs the network for the modules to run with, unless npm has them in its cache.
 */
export function buildTree(checkout: string, cache: string): Tree {
  const stages = readDockerfile(readFileSync(join(checkout, "Dockerfile"), "utf8"));
  const rootOf = (name: string): string => join(cache, name);
  rmSync(cache, { recursive: true, force: true });
  for (const stage of stages) {
    mkdirSync(join(rootOf(stage.name), stage.folder), { recursive: true });
    for (const instruction of stage.instructions) follow(instruction, stage, { checkout, rootOf });
  }
  const stage = stages.at(-1);
  if (stage === undefined) throw new Error("the Dockerfile has no stage");
  const root = rootOf(stage.name);
  addNode(root);
  return { root, stage };
}

interface Places {
  readonly checkout: string;
  rootOf(stage: string): string;
}

function follow(instruction: Instruction, stage: Stage, places: Places): void {
  const folder = join(places.rootOf(stage.name), stage.folder);
  if (instruction.kind === "run") run(instruction.command, folder, places.checkout);
  else copy(instruction, stage, folder, places);
}

function copy(
  instruction: Extract<Instruction, { kind: "copy" }>,
  stage: Stage,
  folder: string,
  { checkout, rootOf }: Places,
): void {
  const { from, sources, to } = instruction;
  const target = to.startsWith("/") ? join(rootOf(stage.name), to) : resolve(folder, to);
  for (const source of sources) {
    const path = join(from === undefined ? checkout : rootOf(from), source);
    const into = statSync(path).isDirectory() || !to.endsWith("/") ? target : join(target, basename(path));
    cpSync(path, into, { recursive: true });
  }
}

function run(command: string, folder: string, checkout: string): void {
  if (command === "npm ci") symlinkSync(join(checkout, "node_modules"), join(folder, "node_modules"));
  else execSync(command, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
}

/** The binary, and the libraries that its loader looks for, under their own paths. */
function addNode(root: string): void {
  const linked = execFileSync("ldd", [process.execPath], { encoding: "utf8" });
  const libraries = [...linked.matchAll(/(\/\S+) \(0x/g)].map(([, path = ""]) => path);
  for (const [from, to] of [[process.execPath, node], ...libraries.map((path) => [path, path])] as [string, string][]) {
    mkdirSync(join(root, dirname(to)), { recursive: true });
    cpSync(realpathSync(from), join(root, to));
  }
}
