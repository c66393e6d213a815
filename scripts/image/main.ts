import { resolve } from "node:path";
import { buildTree } from "./tree.ts";

const { root } = buildTree(resolve("."), resolve(".cache/image"));
process.stdout.write(`${root}\n`);
