import ts from "typescript5";
import { programOf } from "../doubles/type-program.ts";

/** A place in a request where a string may stand, by the type declarations of the provider's official SDK. */
export interface Position {
  readonly path: string;
  /** `text`: any string; `literal`: an enum member; `key`: a record's key; `unknown`: whatever the caller likes. */
  readonly kind: "text" | "literal" | "key" | "unknown";
  /** A body that is otherwise minimal, with `value` there and nowhere else. */
  body(value: string): unknown;
}

const deepest = 14;
const { NumberLike, BooleanLike, Never } = ts.TypeFlags;
const holdsNoText = NumberLike | BooleanLike | Never;

/** A type that an SDK exports: the module, and the name in it. */
export interface Exported {
  readonly module: string;
  readonly type: string;
}

/** Compiles the types, all in one program, and finds every string position of each. */
export function positionsOf(exported: readonly Exported[]): readonly (readonly Position[])[] {
  const text = exported
    .map(({ module, type }, index) => `export declare const value${index}: import("${module}").${type};`)
    .join("\n");
  const { program, source } = programOf(text);
  const [broken] = program.getSemanticDiagnostics(source);
  if (broken !== undefined) throw new Error(ts.flattenDiagnosticMessageText(broken.messageText, " "));
  const walker = new Walker(program.getTypeChecker());
  const declared = source?.statements.filter(ts.isVariableStatement) ?? [];
  return declared
    .flatMap(({ declarationList }) => declarationList.declarations)
    .map(({ name }) => walker.positions(walker.checker.getTypeAtLocation(name), "", []));
}

class Walker {
  readonly checker: ts.TypeChecker;
  constructor(checker: ts.TypeChecker) {
    this.checker = checker;
  }

  positions(given: ts.Type, path: string, above: readonly ts.Type[]): readonly Position[] {
    if (given.flags & (ts.TypeFlags.Unknown | ts.TypeFlags.Any)) return this.#anything(path);
    const type = this.checker.getNonNullableType(given);
    if (above.length > deepest || above.filter((each) => each === type).length > 1) return [];
    const below = [...above, type];
    if (isText(type)) return [{ path, kind: "text", body: (value) => value }];
    if (type.isStringLiteral()) return [{ path, kind: "literal", body: (value) => value }];
    if (type.isUnion()) return type.types.flatMap((member) => this.positions(member, path, below));
    if (this.checker.isArrayType(type)) {
      const [item] = this.checker.getTypeArguments(type as ts.TypeReference);
      return item === undefined ? [] : wrap(this.positions(item, `${path}[]`, below), (inner) => [inner]);
    }
    if (this.checker.isTupleType(type)) throw new Error(`${path} is a tuple: how is it walked?`);
    if (type.flags & holdsNoText || type.getCallSignatures().length > 0) return [];
    if (!(type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)))
      throw new Error(`${path} is a ${this.checker.typeToString(type)}: may it be a string?`);
    return [...this.#properties(type, path, below), ...this.#records(type, path, below)];
  }

  #properties(type: ts.Type, path: string, below: readonly ts.Type[]): readonly Position[] {
    return this.#fields(type).flatMap((field) => {
      const inner = this.positions(this.checker.getTypeOfSymbol(field), `${path}.${field.name}`, below);
      return wrap(inner, (value) => ({ ...(this.minimal(type, below) as object), [field.name]: value }));
    });
  }

  #records(type: ts.Type, path: string, below: readonly ts.Type[]): readonly Position[] {
    return this.checker
      .getIndexInfosOfType(type)
      .flatMap((info) => [
        { path: `${path}.{key}`, kind: "key" as const, body: (value: string) => ({ [value]: "x" }) },
        ...wrap(this.positions(info.type, `${path}.{}`, below), (value) => ({ any: value })),
      ]);
  }

  #anything(path: string): readonly Position[] {
    return [
      { path, kind: "unknown", body: (value) => value },
      { path: `${path}{}`, kind: "unknown", body: (value) => ({ deep: [{ er: value }] }) },
    ];
  }

  #fields(type: ts.Type): readonly ts.Symbol[] {
    return this.checker.getPropertiesOfType(type).filter(({ name }) => !name.startsWith("__@"));
  }

  /** The least that the type asks for. */
  minimal(given: ts.Type, above: readonly ts.Type[]): unknown {
    const type = this.checker.getNonNullableType(given);
    if (above.length > deepest + 2) return null;
    if (isText(type)) return "x";
    if (type.isStringLiteral() || type.isNumberLiteral()) return type.value;
    if (type.flags & ts.TypeFlags.BooleanLike) return false;
    if (type.flags & ts.TypeFlags.NumberLike) return 1;
    if (type.isUnion()) return this.minimal(type.types[0] as ts.Type, [...above, type]);
    if (this.checker.isArrayType(type)) return [];
    const required = this.#fields(type).filter(({ flags }) => !(flags & ts.SymbolFlags.Optional));
    return Object.fromEntries(
      required.map((field) => [field.name, this.minimal(this.checker.getTypeOfSymbol(field), [...above, type])]),
    );
  }
}

/** `string`, and `string & {}`, by which SDKs allow names beside their enum. */
const isText = (type: ts.Type): boolean =>
  Boolean(type.flags & ts.TypeFlags.String) ||
  (type.isIntersection() && type.types.some(({ flags }) => flags & ts.TypeFlags.String));

const wrap = (positions: readonly Position[], around: (value: unknown) => unknown): readonly Position[] =>
  positions.map(({ path, kind, body }) => ({ path, kind, body: (value) => around(body(value)) }));
