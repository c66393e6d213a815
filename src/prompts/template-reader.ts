import { PromptProblem, top } from "./problem.ts";
import {
  type Block,
  type Expression,
  type Hash,
  type Mustache,
  type Program,
  parseSyntax,
  type Statement,
} from "./syntax.ts";
import type { Choice, Part, Role, Scoped } from "./template.ts";
import { Names, type Scope } from "./template-names.ts";

const mostTags = 1_000;
const deepest = 32;
const roles: ReadonlyMap<string, Role> = new Map([
  ["system", "system"],
  ["user", "user"],
  ["model", "model"],
  ["assistant", "model"],
]);

export interface TemplateOptions {
  /** Names of the variables that there are; `undefined`: any. */
  readonly known: ReadonlySet<string> | undefined;
  /** Lines of the file before the template. */
  readonly linesBefore: number;
}

/**
 * Reads a template in Handlebars' syntax: values, `if`, `unless`, `ifEquals`, `unlessEquals`, `each`, `with`, `json`, `role`, `history`.
 * Throws a `PromptProblem` for whatever else it holds.
 */
export function readTemplate(text: string, { known, linesBefore }: TemplateOptions): readonly Part[] {
  if (text.split("{{", mostTags + 2).length > mostTags + 1) {
    throw new PromptProblem(`the template has more than ${mostTags} tags`, { line: linesBefore + 1, column: 1 });
  }
  const program = parsed(text, linesBefore);
  const root: Scope = { above: undefined, root: true, names: [], depth: 0 };
  return new Reader(new Names(known, linesBefore)).parts(program, root);
}

/** The parser's own messages quote the template. */
function parsed(text: string, linesBefore: number): Program {
  try {
    return parseSyntax(text);
  } catch (cause) {
    const { hash, lineNumber, column, message } = cause as {
      readonly hash?: { readonly loc?: { readonly first_line: number; readonly first_column: number } };
      readonly lineNumber?: number;
      readonly column?: number;
      readonly message: string;
    };
    const line = lineNumber ?? hash?.loc?.first_line ?? Number(/ on line (\d+)/.exec(message)?.[1] ?? top.line);
    throw new PromptProblem("the template is not valid: a tag is not closed, or has no such form", {
      line: line + linesBefore,
      column: (column ?? hash?.loc?.first_column ?? 0) + 1,
    });
  }
}

class Reader {
  readonly #names: Names;
  #hasHistory = false;

  constructor(names: Names) {
    this.#names = names;
  }

  parts(program: Program | undefined, scope: Scope): readonly Part[] {
    const { body = [] } = program ?? {};
    if (scope.depth > deepest) this.#names.fail(body[0]?.loc, `blocks stand more than ${deepest} deep in one another`);
    const parts: Part[] = [];
    let unnamed = false;
    for (const statement of body) {
      const part = this.#part(statement, scope);
      if (part === undefined) continue;
      if (unnamed && part.kind !== "role" && !(part.kind === "text" && part.text.trim() === "")) {
        this.#names.fail(statement.loc, "whose message this is has to be said: a role is missing behind history");
      }
      unnamed = part.kind === "history" || (unnamed && part.kind !== "role");
      parts.push(part);
    }
    return parts;
  }

  #part(statement: Statement, scope: Scope): Part | undefined {
    switch (statement.type) {
      case "ContentStatement":
        return statement.value === "" ? undefined : { kind: "text", text: statement.value };
      case "CommentStatement":
        return undefined;
      case "MustacheStatement":
        return this.#mustache(statement, scope);
      case "BlockStatement":
        return this.#block(statement, scope);
      default:
        return this.#names.fail(statement.loc, "partials and decorators are not understood");
    }
  }

  #mustache(mustache: Mustache, scope: Scope): Part {
    const { path, params, hash, loc } = mustache;
    const word = wordOf(path);
    const plain = params.length === 0 && hash === undefined;
    if (plain && word === "history") return this.#history(mustache, scope);
    if (plain) return { kind: "value", of: this.#names.reference(path, scope) };
    const [first, another] = params;
    if (first !== undefined && another === undefined) {
      if (word === "json") {
        const of = this.#names.operand(first, scope);
        return { kind: "json", of, indent: this.#indent(hash) };
      }
      if (word === "role" && hash === undefined) return { kind: "role", role: this.#role(first) };
    }
    return this.#names.fail(loc, "there is no such helper: json, role and history are known, each in one form");
  }

  #history({ loc }: Mustache, scope: Scope): Part {
    if (scope.depth > 0 || this.#hasHistory) this.#names.fail(loc, "history stands once, and in no block");
    this.#hasHistory = true;
    return { kind: "history" };
  }

  /** Never a variable, or its value would say who speaks. */
  #role(named: Expression): Role {
    const role = named.type === "StringLiteral" ? roles.get(named.value) : undefined;
    return role ?? this.#names.fail(named.loc, 'expected one of the roles "system", "user", "model", in quotes');
  }

  #indent(hash: Hash | undefined): number {
    if (hash === undefined) return 0;
    const [pair, another] = hash.pairs;
    const value = pair?.value.type === "NumberLiteral" ? pair.value.value : -1;
    if (pair?.key !== "indent" || another !== undefined || !Number.isInteger(value) || value < 0 || value > 10) {
      this.#names.fail(hash.loc, "json takes indent alone, a number from 0 to 10");
    }
    return value;
  }

  #block(block: Block, scope: Scope): Choice | Scoped {
    const { path, params, hash, loc, program, inverse } = block;
    const word = wordOf(path) ?? "";
    const compares = word === "ifEquals" || word === "unlessEquals";
    const [first, second, third] = params;
    const scoped = word === "each" || word === "with";
    if (!compares && !scoped && word !== "if" && word !== "unless") {
      return this.#names.fail(
        loc,
        "there is no such block: if, unless, ifEquals, unlessEquals, each and with are known",
      );
    }
    if (hash !== undefined || first === undefined || third !== undefined || (second !== undefined) !== compares) {
      return this.#names.fail(loc, "the block takes one value, or two where it compares, and no options");
    }
    const inside: Scope = { ...scope, depth: scope.depth + 1 };
    const otherwise = this.parts(inverse, inverse?.chained === true ? scope : inside);
    const names = program?.blockParams ?? [];
    if (scoped) {
      const of = this.#names.reference(first, scope);
      const below: Scope = { above: scope, root: false, names, depth: scope.depth + 1 };
      return { kind: word, of, names, body: this.parts(program, below), otherwise };
    }
    if (names.length > 0) this.#names.fail(loc, "this block gives no names");
    return {
      kind: "choice",
      of: this.#names.operand(first, scope),
      equals: second === undefined ? undefined : this.#names.operand(second, scope),
      negated: word.startsWith("unless"),
      body: this.parts(program, inside),
      otherwise,
    };
  }
}

const wordOf = (path: Expression): string | undefined => (path.type === "PathExpression" ? path.original : undefined);
