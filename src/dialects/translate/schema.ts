type Schema = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Keys whose values are schemas by name, lists of schemas, and schemas. */
const named = ["properties", "$defs", "definitions"];
const listed = ["anyOf", "allOf", "oneOf"];

function entriesClosed(value: unknown): unknown {
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([name, schema]) => [name, closedSchema(schema)] as const);
  return entries.some(([name, schema]) => schema !== value[name]) ? Object.fromEntries(entries) : value;
}

function itemsClosed(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const items = value.map(closedSchema);
  return items.some((item, index) => item !== value[index]) ? items : value;
}

function closedBelow(key: string, value: unknown): unknown {
  if (named.includes(key)) return entriesClosed(value);
  if (listed.includes(key)) return itemsClosed(value);
  return key === "items" ? closedSchema(value) : value;
}

/** A schema whose objects have no other properties than those it names, as strict output wants it; the same object where it is so already. */
export function closedSchema(schema: unknown): unknown {
  if (!isObject(schema)) return schema;
  const open = schema.type === "object" && schema.additionalProperties !== false;
  const changed: Record<string, unknown> = open ? { additionalProperties: false } : {};
  for (const key of Object.keys(schema)) {
    const below = closedBelow(key, schema[key]);
    if (below !== schema[key]) changed[key] = below;
  }
  return Object.keys(changed).length === 0 ? schema : { ...schema, ...changed };
}

const belowOf = (schema: Schema): readonly unknown[] => [
  ...named.flatMap((key) => (isObject(schema[key]) ? Object.values(schema[key]) : [])),
  ...listed.flatMap((key) => (Array.isArray(schema[key]) ? schema[key] : [])),
  schema.items,
];

/** Is every object closed, and every property that it names required, as OpenAI wants it of what it calls strict? */
export function isStrict(schema: unknown): boolean {
  if (!isObject(schema)) return true;
  if (schema.type === "object") {
    const required = new Set(Array.isArray(schema.required) ? schema.required : []);
    const names = isObject(schema.properties) ? Object.keys(schema.properties) : [];
    if (schema.additionalProperties !== false || !names.every((name) => required.has(name))) return false;
  }
  return belowOf(schema).every(isStrict);
}
