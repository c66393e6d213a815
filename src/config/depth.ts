import { Lexer } from "yaml";

const deepest = 64;
const largest = 1_048_576;

/**
 * Whether a text nests deeper, or is larger, than any config. The parser recurses, and a stack that overflows inside a regular
 * expression aborts the process; the lexer does not. Indentation alone cannot nest deep in a text of bounded size.
 */
export function isTooDeep(text: string): boolean {
  if (text.length > largest) return true;
  let flow = 0;
  let line = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === "[" || token === "{") flow++;
    else if (token === "]" || token === "}") flow = Math.max(0, flow - 1);
    else if (token === "-" || token === "?" || token === ":") line++;
    else if (token.endsWith("\n")) line = 0;
    if (flow > deepest || (flow === 0 && line > deepest)) return true;
  }
  return false;
}
