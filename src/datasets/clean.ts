import type { Difficulty, Task } from '../core/task.ts';
import { contentKey } from './content-key.ts';
import { isGreeting } from './greeting.ts';

export type CleanOptions = {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Leaves out tasks with an older `metadata.timestamp`; Infinity takes all. Default Infinity. */
  readonly maxAgeDays?: number;
  /** Leaves out tasks rated lower, and unrated ones. 0..1, or stars above 1 (4 means .75). */
  readonly minRating?: number;
  /** Takes at most this many tasks, the first ones. */
  readonly limit?: number;
  /** Takes these only; names compare without case. */
  readonly categories?: readonly string[];
  readonly difficulties?: readonly Difficulty[];
  /** Kinds of media that the agent takes (`image`, `audio`, `video`, `file`). Default none. */
  readonly media?: readonly string[];
};

/** Why a task was left out, in the order in which it is asked. */
export const DROP_REASONS = [
  'media',
  'empty',
  'greeting',
  'too long',
  'too old',
  'unrated',
  'below rating',
  'other category',
  'other difficulty',
  'duplicate',
  'over limit',
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** Characters of input and context together, about 50,000 tokens: more than an agent's window has to spare. */
export const MAX_TASK_CHARACTERS = 200_000;

/** A letter, a digit, a symbol or an emoji: spaces, punctuation and invisible characters ask nothing. */
const SAYS_SOMETHING = /[\p{L}\p{N}\p{S}]/u;

const DAY_MS = 86_400_000;

/**
 * Says of one task after the other whether it is left out and why. Remembers a 12-byte digest of each task it took, and one
 * of its expected answer. `contradicts` is called for each duplicate that expects something else.
 */
export function createCleaner(
  options: CleanOptions,
  contradicts: () => void = () => undefined,
): (task: Task) => DropReason | undefined {
  const seen = new Map<string, string | undefined>();
  const categories = options.categories?.map((name) => name.toLowerCase());
  const accepted = new Set(options.media ?? []);
  const oldest = options.now - (options.maxAgeDays ?? Number.POSITIVE_INFINITY) * DAY_MS;
  const minRating = options.minRating === undefined ? undefined : asUnit(options.minRating);
  let taken = 0;

  return (task) => {
    if (mediaKinds(task).some((kind) => !accepted.has(kind))) return 'media';
    if (!SAYS_SOMETHING.test(task.input)) return 'empty';
    if (isNoise(task)) return 'greeting';
    if (lengthOf(task) > MAX_TASK_CHARACTERS) return 'too long';
    const time = typeof task.metadata.timestamp === 'string' ? Date.parse(task.metadata.timestamp) : Number.NaN;
    if (time < oldest) return 'too old';
    const { rating } = task.metadata;
    if (minRating !== undefined && typeof rating !== 'number') return 'unrated';
    if (minRating !== undefined && typeof rating === 'number' && rating < minRating) return 'below rating';
    if (categories !== undefined && !categories.includes(task.category?.toLowerCase() ?? '')) return 'other category';
    if (options.difficulties !== undefined && !(options.difficulties as readonly unknown[]).includes(task.difficulty)) {
      return 'other difficulty';
    }
    const key = contentKey(task);
    const answer = answerKey(task);
    if (seen.has(key)) {
      const before = seen.get(key);
      if (before === undefined) seen.set(key, answer);
      else if (answer !== undefined && answer !== before) contradicts();
      return 'duplicate';
    }
    if (options.limit !== undefined && taken >= options.limit) return 'over limit';
    seen.set(key, answer);
    taken++;
    return undefined;
  };
}

/** Equal for expected answers that say the same but for case and white space around them. Recorded answers are none. */
function answerKey({ expected, observed }: Task): string | undefined {
  return expected === null || expected === observed
    ? undefined
    : contentKey({ input: expected.trim().toLowerCase(), context: [] });
}

/** A greeting with an answer that somebody wrote for it is a test of manners; one from a log is noise. */
function isNoise(task: Task): boolean {
  return (task.expected === null || task.expected === task.observed) && isGreeting(task.input);
}

function mediaKinds(task: Task): readonly string[] {
  const { media } = task.metadata;
  return Array.isArray(media) ? media.filter((kind) => typeof kind === 'string') : [];
}

function lengthOf(task: Task): number {
  return task.input.length + task.context.reduce((sum, { content }) => sum + content.length, 0);
}

/** On the scale of `metadata.rating`; above 1 it is a number of stars, as in histories (see history/shared/rating.ts). */
function asUnit(rating: number): number {
  return rating <= 1 ? rating : Math.min(1, (rating - 1) / 4);
}
