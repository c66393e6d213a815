import { z } from "zod";
import { jsonSchema } from "../../src/config/schema.ts";
import { name, region } from "../../src/config/shapes.ts";
import { duration, money, share, size } from "../../src/config/units.ts";
import { code, page, table } from "./markdown.ts";

/** The part of JSON Schema that the config's own uses. */
interface Node {
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly propertyNames?: Node;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
}

const patternOf = (of: z.ZodType): string => String((z.toJSONSchema(of, { io: "input" }) as Node).pattern);

/** What a pattern is called here; other patterns are what their descriptions say. */
const words = new Map([
  [patternOf(duration), "duration"],
  [patternOf(size), "size"],
  [patternOf(share), "share"],
  [patternOf(money), "dollars"],
  [patternOf(name), "name"],
  [patternOf(region), "region"],
]);

function wordOf(node: Node): string {
  if (node.anyOf) return node.anyOf.map(wordOf).join(" or ");
  if (node.const !== undefined) return code(node.const);
  if (node.enum) return node.enum.map(code).join(", ");
  if (node.type === "array") return `list of ${node.items?.properties ? "maps" : wordOf(node.items ?? {})}`;
  if (node.type === "object") return mapOf(node);
  if (node.type === "integer" || node.type === "number") return numberOf(node);
  if (node.type === "boolean") return "`true`, `false`";
  return (
    words.get(node.pattern ?? "") ?? (node.format === "uri" ? "URL" : node.format === "date-time" ? "time" : "text")
  );
}

function mapOf({ properties, additionalProperties: values }: Node): string {
  if (properties || typeof values !== "object") return "map";
  return `map of ${values.properties ? "maps" : wordOf(values)}`;
}

function numberOf({ type, minimum, exclusiveMinimum, maximum }: Node): string {
  const least = minimum ?? (exclusiveMinimum === undefined ? undefined : exclusiveMinimum + 1);
  const most = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  const bounds = [least === undefined ? "" : ` from ${least}`, most === undefined ? "" : ` to ${most}`].join("");
  return `${type === "integer" ? "whole number" : "number"}${bounds}`;
}

/** What is left out: said, made of its own keys' defaults, or nothing. */
function defaultOf(node: Node, required: boolean): string {
  if (required) return "**required**";
  const value = node.default;
  if (value === undefined || (node.properties && JSON.stringify(value) === "{}")) return "";
  return code(typeof value === "string" ? value : JSON.stringify(value));
}

function rowsOf(node: Node, path: string): readonly (readonly string[])[] {
  const rows = Object.entries(node.properties ?? {}).flatMap(([key, inner]) => {
    const at = path === "" ? key : `${path}.${key}`;
    const row = [
      code(at),
      wordOf(inner),
      defaultOf(inner, node.required?.includes(key) ?? false),
      inner.description ?? "",
    ];
    return [row, ...rowsOf(inner, at)];
  });
  const values = typeof node.additionalProperties === "object" ? rowsOf(node.additionalProperties, `${path}.NAME`) : [];
  const alternatives = (node.anyOf ?? []).flatMap((inner) => rowsOf(inner, path));
  return [...rows, ...values, ...alternatives, ...(node.items ? rowsOf(node.items, `${path}[]`) : [])];
}

/** Every key of the config, from its schema. */
export function configReference(): string {
  const root = jsonSchema() as Node;
  const sections = Object.entries(root.properties ?? {}).map(([key, node]) => {
    const rows = rowsOf(node, key);
    const said = defaultOf(node, false);
    const head = `## ${key}\n\n${node.description}\n\nTakes: ${wordOf(node)}.${said === "" ? "" : ` Default: ${said}.`}`;
    return rows.length === 0 ? head : `${head}\n\n${table(["Key", "Takes", "Default", "Meaning"], rows)}`;
  });
  return page(
    "Config",
    [
      "A plain object for `createGateway`, or YAML. Every key may be left out unless it says **required**; one that is not known is an error.",
      "`NAME` stands for a name of your own, `[]` for each entry of a list.",
    ].join("\n"),
    table(
      ["Word", "Written"],
      [
        ["duration", "`500ms`, `10s`, `5m`, `1h`, `7d`; from `1ms` to `24d`"],
        ["size", "`64 KB`, `10 MB`, `2 GB`; 1 KB is 1,024 bytes"],
        ["share", "`1%` to `100%`, whole percents"],
        ["dollars", "`$200`, `$0.05`; up to twelve decimals, counted exactly"],
        ["time", "`2027-01-31T00:00:00Z`"],
        ["name", "at most 128 letters, digits and `. _ : @ / -`, a letter or digit first"],
        ["region", "at most 64 lower-case letters, digits and `. _ -`, a letter or digit first"],
      ],
    ),
    [
      "Editors that know `yaml-language-server` check and complete a config by the schema in the package, when its first line is:",
      "",
      "```yaml",
      "# yaml-language-server: $schema=./node_modules/postern/schema/config.schema.json",
      "```",
      "",
      "The schema cannot see what one part of a config says about another (a target that does not exist, a file that is not there); `postern check FILE` does.",
    ].join("\n"),
    ...sections,
  );
}
