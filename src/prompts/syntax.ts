import { parse } from "@handlebars/parser";

/** The part of the parser's tree that is read; its own types do not resolve where imports need their endings. */
export interface Location {
  readonly start: { readonly line: number; readonly column: number };
}

interface Node<Type extends string> {
  readonly type: Type;
  readonly loc: Location;
}

export interface Program {
  readonly body: readonly Statement[];
  readonly blockParams?: readonly string[];
  /** It is an `else if`. */
  readonly chained?: boolean;
}

export interface Path extends Node<"PathExpression"> {
  readonly data: boolean;
  readonly depth: number;
  /** Expressions in parentheses are no strings. */
  readonly parts: readonly unknown[];
  readonly original: string;
}

export type Expression =
  | Path
  | (Node<"StringLiteral"> & { readonly value: string })
  | (Node<"NumberLiteral"> & { readonly value: number })
  | (Node<"BooleanLiteral"> & { readonly value: boolean })
  | Node<"NullLiteral">
  | Node<"UndefinedLiteral">
  | Node<"SubExpression">;

export interface Hash extends Node<"Hash"> {
  readonly pairs: readonly { readonly key: string; readonly value: Expression }[];
}

interface Applied {
  readonly path: Expression;
  readonly params: readonly Expression[];
  readonly hash: Hash | undefined;
}

export type Mustache = Node<"MustacheStatement"> & Applied;
export type Block = Node<"BlockStatement"> &
  Applied & { readonly program: Program | undefined; readonly inverse: Program | undefined };

export type Statement =
  | (Node<"ContentStatement"> & { readonly value: string })
  | Node<"CommentStatement">
  | Mustache
  | Block
  | Node<"PartialStatement">
  | Node<"PartialBlockStatement">
  | Node<"Decorator">
  | Node<"DecoratorBlock">;

export const parseSyntax: (text: string) => Program = parse;
