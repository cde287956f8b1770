import { ApoError } from '../core/errors.ts';

const GRAMMAR = /^[a-z][a-z0-9._-]{0,63}$/;
/** Names that already mean something as a reference to a prompt: version numbers, ids, and the best. */
const TAKEN = /^(v\d+|p-.*|best)$/;

/** @throws ApoError `usage` when the name cannot be a label */
export function assertLabel(name: string): void {
  if (GRAMMAR.test(name) && !TAKEN.test(name)) return;
  throw new ApoError('usage', `"${name}" cannot be a label`, {
    hint: 'use lower-case letters, digits, dots and hyphens, such as production; not a version, an id or "best"',
  });
}
