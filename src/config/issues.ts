import { z } from 'zod';

type Issue = z.core.$ZodIssue;

/** What is wrong with a config, and where: for a value of several shapes, what the shape that comes nearest misses. */
export function firstProblem(
  error: z.ZodError,
  schema: z.ZodType,
): { readonly path: readonly PropertyKey[]; readonly message: string } {
  const [first] = error.issues;
  if (first === undefined) return { path: [], message: 'invalid' };
  const found = leavesOf(first);
  const depth = Math.max(...found.map(({ path }) => path.length));
  const nearest = found.filter(({ path }) => path.length === depth);
  const { path, issue } =
    nearest.find((leaf) => leaf.issue.code !== 'invalid_type') ?? nearest[0] ?? (found[0] as Leaf);
  if (issue.code === 'unrecognized_keys') return { path, message: `${issue.message}${knownKeys(schema, path)}` };
  const types = nearest.flatMap((leaf) => (leaf.issue.code === 'invalid_type' ? [leaf.issue.expected] : []));
  const expected = `expected ${types[0]},`;
  return { path, message: issue.message.replace(expected, `expected ${[...new Set(types)].join(' or ')},`) };
}

type Leaf = { readonly path: readonly PropertyKey[]; readonly issue: Issue };

function leavesOf(issue: Issue, before: readonly PropertyKey[] = []): readonly Leaf[] {
  const path = [...before, ...issue.path];
  if (issue.code !== 'invalid_union') return [{ path, issue }];
  return issue.errors.flatMap((issues) => issues.slice(0, 1).flatMap((inner) => leavesOf(inner, path)));
}

function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string {
  let at: unknown = bare(schema);
  for (const key of path) {
    at = bare(at instanceof z.ZodObject ? at.shape[String(key)] : at instanceof z.ZodRecord ? at.valueType : undefined);
  }
  return at instanceof z.ZodObject ? ` - known are ${Object.keys(at.shape).join(', ')}` : '';
}

function bare(schema: unknown): unknown {
  const isWrapped =
    schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault;
  return isWrapped ? bare(schema.unwrap()) : schema;
}
