import { type Place, PromptProblem } from "./problem.ts";
import type { Expression, Location } from "./syntax.ts";
import type { Operand, Reference } from "./template.ts";

/** What names mean in a part of a template. */
export interface Scope {
  readonly above: Scope | undefined;
  /** Names are those of the variables themselves. */
  readonly root: boolean;
  /** Given by the block. */
  readonly names: readonly string[];
  readonly depth: number;
}

const data: ReadonlySet<string> = new Set(["index", "key", "first", "last", "root"]);

const isLocal = (name: string, scope: Scope | undefined): boolean =>
  scope !== undefined && (scope.names.includes(name) || isLocal(name, scope.above));

/** Reads the names of values in one template. */
export class Names {
  readonly #known: ReadonlySet<string> | undefined;
  readonly #linesBefore: number;

  /** `known`: the variables that there are; `undefined`: any. `linesBefore`: of the file, before the template. */
  constructor(known: ReadonlySet<string> | undefined, linesBefore: number) {
    this.#known = known;
    this.#linesBefore = linesBefore;
  }

  fail(loc: Location | undefined, problem: string): never {
    throw new PromptProblem(problem, this.place(loc));
  }

  place(loc: Location | undefined): Place {
    return { line: (loc?.start.line ?? 1) + this.#linesBefore, column: (loc?.start.column ?? 0) + 1 };
  }

  operand(expression: Expression, scope: Scope): Operand {
    switch (expression.type) {
      case "NullLiteral":
        return { kind: "literal", value: null };
      case "StringLiteral":
      case "NumberLiteral":
      case "BooleanLiteral":
        return { kind: "literal", value: expression.value };
      default:
        return this.reference(expression, scope);
    }
  }

  reference(expression: Expression, scope: Scope): Reference {
    const { loc } = expression;
    if (expression.type !== "PathExpression") return this.fail(loc, "expected the name of a variable");
    const { depth, original } = expression;
    const parts = expression.parts.filter((part) => typeof part === "string");
    if (parts.length < expression.parts.length) this.fail(loc, "expressions in parentheses are not understood");
    const [head, ...below] = parts;
    if (expression.data && (head === undefined || !data.has(head) || depth > 0)) {
      this.fail(loc, "of the names with @ there are @index, @key, @first, @last and @root");
    }
    const reference: Reference = {
      kind: "reference",
      place: this.place(loc),
      name: original,
      data: expression.data ? head : undefined,
      up: depth,
      parts: expression.data ? below : parts,
    };
    this.#check(reference, scope, loc);
    return reference;
  }

  /** A name that is not declared is a mistake that shows before anybody calls. */
  #check({ data, up, parts: [head] }: Reference, scope: Scope, loc: Location): void {
    if (data !== undefined && data !== "root") return;
    if (data === undefined && up === 0 && head !== undefined && isLocal(head, scope)) return;
    let meant: Scope | undefined = scope;
    for (let level = 0; level < up; level++) meant = meant?.above;
    if (meant === undefined) this.fail(loc, "there is nothing so far above");
    if (head === undefined || this.#known === undefined || (data === undefined && !meant.root)) return;
    if (!this.#known.has(head)) this.fail(loc, "the schema declares no such variable");
  }
}
