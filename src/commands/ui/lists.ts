import { InvalidArgumentError } from 'commander';
import { DIFFICULTIES, type Difficulty } from '../../core/task.ts';

/** For flags that may be repeated or hold several values, separated by commas. */
export function list(value: string, previous: string[] = []): string[] {
  return [...previous, ...value.split(',').map((part) => part.trim())].filter(Boolean);
}

/** The same for difficulties, in any capitals. */
export function difficulties(value: string, previous: Difficulty[] = []): Difficulty[] {
  const levels = list(value.toLowerCase());
  const unknown = levels.find((level) => !(DIFFICULTIES as readonly string[]).includes(level));
  if (unknown !== undefined) throw new InvalidArgumentError(`must be of ${DIFFICULTIES.join(', ')}.`);
  return [...previous, ...(levels as Difficulty[])];
}
