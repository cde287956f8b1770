import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';

/**
 * The type that all values of a column share, found by looking at every row. Parquet and Arrow know one type for each
 * field of a nested object, so what differs from row to row in kind becomes JSON text.
 */
export type Shape =
  | { kind: 'unknown' }
  | { kind: 'boolean' | 'integer' | 'number' | 'string' | 'json' }
  | { kind: 'list'; element: Shape }
  | {
      kind: 'object';
      readonly fields: Map<string, Shape>;
      /** How many objects were seen, and how many had each field. */
      seen: number;
      readonly had: Map<string, number>;
    };

/** Fields whose keys are data. A gap that Parquet fills with null would be an argument, or a property, that nobody wrote. */
const FREE = new Set(['arguments', 'parameters']);

export function createShape(): Shape {
  return { kind: 'unknown' };
}

/** What the shape becomes with one more value. */
export function widen(shape: Shape, value: Json | undefined): Shape {
  if (value === null || value === undefined || shape.kind === 'json') return shape;
  const kind = kindOf(value);
  if (shape.kind === 'unknown') return widen(emptyOf(kind), value);
  if (kind === 'list' && shape.kind === 'list') {
    for (const member of value as readonly Json[]) shape.element = widen(shape.element, member);
    return shape;
  }
  if (kind === 'object' && shape.kind === 'object') {
    shape.seen += 1;
    for (const [name, member] of Object.entries(value as JsonObject)) {
      shape.had.set(name, (shape.had.get(name) ?? 0) + 1);
      shape.fields.set(name, widen(shape.fields.get(name) ?? createShape(), member));
    }
    return shape;
  }
  if (kind === shape.kind) return shape;
  const bothNumbers = ['integer', 'number'].includes(kind) && ['integer', 'number'].includes(shape.kind);
  return { kind: bothNumbers ? 'number' : 'json' };
}

/** The shape once every row was seen: tool arguments and schemas that differ from row to row are JSON text. */
export function settled(shape: Shape): Shape {
  if (shape.kind === 'list') return { kind: 'list', element: settled(shape.element) };
  if (shape.kind !== 'object') return shape;
  const fields = [...shape.fields].map(([name, field]): [string, Shape] => [
    name,
    FREE.has(name) && !isUniform(field) ? { kind: 'json' } : settled(field),
  ]);
  return { ...shape, fields: new Map(fields) };
}

/** Whether every value reads back from Parquet as it was. */
function isUniform(shape: Shape): boolean {
  if (shape.kind === 'list') return isUniform(shape.element);
  if (shape.kind !== 'object') return shape.kind !== 'json';
  const whole = shape.fields.size > 0 && [...shape.had.values()].every((count) => count === shape.seen);
  return whole && [...shape.fields.values()].every(isUniform);
}

type Kind = 'boolean' | 'integer' | 'number' | 'string' | 'list' | 'object';

function kindOf(value: Exclude<Json, null>): Kind {
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'integer' : 'number';
  if (typeof value === 'string') return 'string';
  return isJsonObject(value) ? 'object' : 'list';
}

function emptyOf(kind: Kind): Shape {
  if (kind === 'list') return { kind, element: createShape() };
  if (kind === 'object') return { kind, fields: new Map(), seen: 0, had: new Map() };
  return { kind };
}

/** The value in the shape's type; null where there is none. Whole numbers are 64-bit. */
export function shaped(shape: Shape, value: Json | undefined): unknown {
  if (value === null || value === undefined) return null;
  switch (shape.kind) {
    case 'json':
      return typeof value === 'string' ? value : JSON.stringify(value);
    case 'integer':
      return BigInt(value as number);
    case 'list':
      return (value as readonly Json[]).map((member) => shaped(shape.element, member));
    case 'object':
      // An object without any field has no Parquet type.
      return shape.fields.size === 0
        ? '{}'
        : Object.fromEntries(
            [...shape.fields].map(([name, field]) => [name, shaped(field, (value as JsonObject)[name])]),
          );
    default:
      return value;
  }
}
