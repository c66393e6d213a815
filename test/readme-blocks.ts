import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import ts from "typescript5";

const root = fileURLToPath(new URL("../", import.meta.url));

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
};

/** The package's own entries, each by the source that it is built from. */
const packages: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(manifest.exports).flatMap(([entry, target]) =>
    typeof target === "string"
      ? []
      : [[`postern${entry.slice(1)}`, target.default.replace("./dist/", "").replace(/\.js$/, ".ts")]],
  ),
);

/** Hono is not installed here: what the block uses of it, with the same types. */
const hono = `export class Hono {
  #handler: ((context: { req: { raw: Request } }) => Response | Promise<Response>) | undefined;
  all(path: string, handler: (context: { req: { raw: Request } }) => Response | Promise<Response>): this {
    if (!path.endsWith("/*")) throw new Error("not a path of this double");
    this.#handler = handler;
    return this;
  }
  async fetch(request: Request): Promise<Response> {
    return this.#handler?.({ req: { raw: request } }) ?? new Response(null, { status: 404 });
  }
}`;

/** Compiles a block into one file that runs. Of the gateway's code only one thing is changed: where OpenAI lives. */
export async function bundle(code: string, file: string, provider: string): Promise<void> {
  await build({
    stdin: { contents: code, loader: "ts", resolveDir: root, sourcefile: "README.ts" },
    outfile: file,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    logLevel: "silent",
    plugins: [
      {
        name: "readme",
        setup(plugin) {
          plugin.onResolve({ filter: /^postern(?:\/|$)/ }, ({ path }) => {
            const found = packages[path];
            return found === undefined
              ? { errors: [{ text: `${path} is not exported` }] }
              : { path: join(root, found) };
          });
          plugin.onResolve({ filter: /^hono$/ }, () => ({ path: "hono", namespace: "double" }));
          plugin.onLoad({ filter: /./, namespace: "double" }, () => ({ contents: hono, loader: "ts" }));
          plugin.onLoad({ filter: /src\/config\/targets\.ts$/ }, ({ path }) => ({
            contents: readFileSync(path, "utf8").replace("https://api.openai.com/v1", `${provider}/v1`),
            loader: "ts",
          }));
        },
      },
    ],
  });
}

/** What the compiler has to say about the blocks, each as a module of its own. */
export function diagnose(blocks: readonly string[]): readonly string[] {
  const texts = new Map(blocks.map((text, index) => [`${root}test/readme-block-${index}.mts`, text]));
  texts.set(`${root}test/readme-hono.mts`, hono);
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    erasableSyntaxOnly: true,
    types: ["node"],
    paths: {
      ...Object.fromEntries(Object.entries(packages).map(([name, path]) => [name, [root + path]])),
      hono: [`${root}test/readme-hono.mts`],
    },
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (path) => texts.has(path) || fileExists(path);
  host.readFile = (path) => texts.get(path) ?? readFile(path);
  host.getSourceFile = (path, language) => {
    const text = texts.get(path);
    return text === undefined
      ? getSourceFile.call(host, path, language)
      : ts.createSourceFile(path, text, language, true);
  };
  const program = ts.createProgram([...texts.keys()], options, host);
  return [...texts.keys()].flatMap((path) => {
    const source = program.getSourceFile(path);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map(
      ({ messageText }) => `${path.slice(root.length)}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`,
    );
  });
}
