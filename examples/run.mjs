// Runs an example from its source, without a build and without keys: node examples/run.mjs express-app
import { fileURLToPath, pathToFileURL } from "node:url";
import { buildSync } from "esbuild";

const [name] = process.argv.slice(2);
const root = fileURLToPath(new URL("../", import.meta.url));
const folder = `${root}.cache/examples/${name}`;
const bundle = (entry, outfile) =>
  buildSync({
    entryPoints: [root + entry],
    outfile: `${folder}/${outfile}`,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    logLevel: "error",
  });

if (!/^[a-z-]+$/.test(name ?? "")) {
  process.stderr.write(
    "node examples/run.mjs NAME: express-app, http-proxy-middleware, koa-app, next-or-hono or sidecar\n",
  );
  process.exit(2);
}
bundle(`examples/${name}/main.ts`, "main.mjs");
// What `npx postern` runs, for the examples that start it.
bundle("adapters/cli/main.ts", "postern.mjs");
await import(pathToFileURL(`${folder}/main.mjs`).href);
