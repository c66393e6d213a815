type Schema = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Keys whose values are schemas by name, and lists of schemas. */
const named = ["properties", "$defs", "definitions"];
const listed = ["anyOf", "allOf", "oneOf"];

/** A type may be one of several, and is left out where the properties tell it. */
const describesObject = ({ type, properties }: Schema): boolean =>
  type === "object" || (Array.isArray(type) && type.includes("object")) || (type === undefined && isObject(properties));

/** What Anthropic's structured output refuses; its own SDK takes the same out of a schema. */
const bounds = new Set([
  ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength"],
  ...["maxItems", "uniqueItems", "minProperties", "maxProperties"],
]);
const formats = new Set("date-time time date duration email hostname uri ipv4 ipv6 uuid".split(" "));

function isRefused(key: string, value: unknown): boolean {
  if (key === "minItems") return value !== 0 && value !== 1;
  return bounds.has(key) || (key === "format" && !formats.has(String(value)));
}

const fittedValues = (schemas: Schema): unknown => {
  const entries = Object.entries(schemas).map(([name, schema]) => [name, fittedSchema(schema)] as const);
  return entries.some(([name, schema]) => schema !== schemas[name]) ? Object.fromEntries(entries) : schemas;
};

const fittedItems = (schemas: readonly unknown[]): unknown => {
  const items = schemas.map(fittedSchema);
  return items.some((item, index) => item !== schemas[index]) ? items : schemas;
};

function fittedBelow(key: string, value: unknown): unknown {
  if (named.includes(key) && isObject(value)) return fittedValues(value);
  if (listed.includes(key) && Array.isArray(value)) return fittedItems(value);
  return key === "items" ? fittedSchema(value) : value;
}

/**
 * A schema as Anthropic's structured output takes it: objects have no other properties than those they name, one of several is any of
 * them, and there are no bounds of values. The same object where it is so already.
 */
export function fittedSchema(schema: unknown): unknown {
  if (!isObject(schema)) return schema;
  const entries = Object.entries(schema)
    .filter(([key, value]) => !isRefused(key, value))
    .map(([key, value]) => [key === "oneOf" && schema.anyOf === undefined ? "anyOf" : key, fittedBelow(key, value)]);
  const open = describesObject(schema) && schema.additionalProperties !== false;
  const fitted: Schema = { ...Object.fromEntries(entries), ...(open && { additionalProperties: false }) };
  const keys = Object.keys(fitted);
  const same = keys.length === Object.keys(schema).length && keys.every((key) => fitted[key] === schema[key]);
  return same ? schema : fitted;
}

/** What OpenAI refuses of what it calls strict. */
const loose = new Set([
  ...["allOf", "oneOf", "not", "if", "then", "else", "default", "dependentRequired", "dependentSchemas"],
  ...["patternProperties", "propertyNames", "unevaluatedProperties", "minProperties", "maxProperties"],
  ...["contains", "minContains", "maxContains", "unevaluatedItems", "uniqueItems"],
]);

const belowOf = (schema: Schema): readonly unknown[] => [
  ...named.flatMap((key) => (isObject(schema[key]) ? Object.values(schema[key]) : [])),
  ...listed.flatMap((key) => (Array.isArray(schema[key]) ? schema[key] : [])),
  schema.items,
];

function isStrictBelow(schema: unknown): boolean {
  if (!isObject(schema)) return true;
  if (Object.keys(schema).some((key) => loose.has(key))) return false;
  if (describesObject(schema)) {
    const required = new Set(Array.isArray(schema.required) ? schema.required : []);
    const names = isObject(schema.properties) ? Object.keys(schema.properties) : [];
    if (schema.additionalProperties !== false || !names.every((name) => required.has(name))) return false;
  }
  return belowOf(schema).every(isStrictBelow);
}

/** Is it an object with every object in it closed and every property that is named required, as OpenAI wants it of what it calls strict? */
export const isStrict = (schema: unknown): boolean =>
  isObject(schema) && schema.type === "object" && schema.anyOf === undefined && isStrictBelow(schema);
