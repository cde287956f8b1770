import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';

/** Gives a value for a property, or undefined to let a neutral one be made from its schema. */
export type Fill = (name: string, type: string, schema: JsonObject) => Json | undefined;

/**
 * A value that matches a JSON schema as far as structured outputs use it: objects, arrays, enums, unions, references
 * within the schema. All properties are given, not only the required ones.
 */
export function fillSchema(schema: JsonObject, fill: Fill): Json {
  return build('', schema, schema, fill, 0);
}

function build(name: string, given: Json | undefined, root: JsonObject, fill: Fill, depth: number): Json {
  const schema = resolve(given, root);
  if (depth > 12) return null;
  const type = typeOf(schema);
  const options = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(options))
    return build(
      name,
      options.find((option) => typeOf(resolve(option, root)) !== 'null'),
      root,
      fill,
      depth + 1,
    );
  if (type === 'object') {
    const properties = isJsonObject(schema.properties) ? schema.properties : {};
    return Object.fromEntries(
      Object.entries(properties).map(([key, value]) => [key, build(key, value, root, fill, depth + 1)]),
    );
  }
  if ('const' in schema) return schema.const ?? null;
  const filled = fill(name, type, schema);
  if (filled !== undefined) return filled;
  if (Array.isArray(schema.enum)) return schema.enum[0] ?? null;
  if (type === 'array') {
    const count = typeof schema.minItems === 'number' ? schema.minItems : 0;
    return Array.from({ length: count }, () => build(name, schema.items, root, fill, depth + 1));
  }
  if (type === 'number' || type === 'integer') return typeof schema.minimum === 'number' ? schema.minimum : 0;
  if (type === 'boolean') return false;
  return type === 'null' ? null : '';
}

/** Follows `$ref: #/...` once per level; anything else stays as it is. */
export function resolve(schema: Json | undefined, root: JsonObject): JsonObject {
  if (!isJsonObject(schema ?? null)) return {};
  const object = schema as JsonObject;
  if (typeof object.$ref !== 'string' || !object.$ref.startsWith('#/')) return object;
  let target: Json | undefined = root;
  for (const key of object.$ref.slice(2).split('/'))
    target = isJsonObject(target ?? null) ? (target as JsonObject)[key] : undefined;
  return isJsonObject(target ?? null) ? (target as JsonObject) : {};
}

export function typeOf(schema: JsonObject): string {
  if (typeof schema.type === 'string') return schema.type;
  if (Array.isArray(schema.type)) return String(schema.type.find((type) => type !== 'null') ?? 'null');
  if (isJsonObject(schema.properties ?? null)) return 'object';
  return schema.items === undefined ? 'any' : 'array';
}

/** All property names of a schema, nested ones too. */
export function propertyNames(schema: JsonObject): string[] {
  const names: string[] = [];
  const visit = (given: Json | undefined, depth: number): void => {
    if (depth > 12) return;
    const node = resolve(given, schema);
    const properties = isJsonObject(node.properties ?? null) ? (node.properties as JsonObject) : {};
    for (const [name, value] of Object.entries(properties)) {
      names.push(name);
      visit(value, depth + 1);
    }
    if (node.items !== undefined) visit(node.items, depth + 1);
    for (const list of [node.anyOf, node.oneOf])
      if (Array.isArray(list)) for (const option of list) visit(option, depth + 1);
  };
  visit(schema, 0);
  return names;
}
