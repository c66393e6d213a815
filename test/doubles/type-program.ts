import { fileURLToPath } from "node:url";
import ts from "typescript5";

const entry = fileURLToPath(new URL("../entry.ts", import.meta.url));
const options: ts.CompilerOptions = {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  skipLibCheck: true,
  noEmit: true,
  types: [],
};

/** A program of one module that is in no file; what it imports is found as for a test. */
export function programOf(text: string): { readonly program: ts.Program; readonly source: ts.SourceFile | undefined } {
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (path) => path === entry || fileExists(path);
  host.readFile = (path) => (path === entry ? text : readFile(path));
  host.getSourceFile = (path, language) =>
    path === entry ? ts.createSourceFile(path, text, language, true) : getSourceFile.call(host, path, language);
  const program = ts.createProgram([entry], options, host);
  return { program, source: program.getSourceFile(entry) };
}
