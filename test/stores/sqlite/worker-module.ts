import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildSync } from "esbuild";

const root = new URL("../../../", import.meta.url);

/** Bundles a module of this package into one that any Node runs, since Node 20 does not run TypeScript. */
export function bundle(source: string, folder: string): URL {
  const file = join(folder, `${source.replace(/\W/g, "-")}.mjs`);
  buildSync({
    entryPoints: [new URL(source, root).pathname],
    outfile: file,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    // What it requires by name it has to find from there.
    banner: {
      js: `import { createRequire as createBundleRequire } from "node:module"; const require = createBundleRequire(${JSON.stringify(root.href)});`,
    },
    define: { "import.meta.url": JSON.stringify(new URL(source, root).href) },
  });
  return pathToFileURL(file);
}

/** A folder that is gone after the tests of the file that asks for it. */
export function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "postern-sqlite-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const bundleWorker = (folder: string): URL => bundle("src/stores/sqlite/worker.ts", folder);
