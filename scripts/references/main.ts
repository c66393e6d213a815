import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { generated } from "./files.ts";

/** Writes what is made from code, or of it what lies in the folder that is named. */
const [folder = ""] = process.argv.slice(2);
for (const [path, text] of Object.entries(generated)) {
  if (!path.startsWith(folder)) continue;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text());
  if (path.endsWith(".json")) execFileSync("node_modules/.bin/biome", ["format", "--write", path], { stdio: "ignore" });
  process.stdout.write(`${path}\n`);
}
