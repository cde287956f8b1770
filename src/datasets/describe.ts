import { hashOf } from '../core/json.ts';
import { DIFFICULTIES, type Difficulty, groupOf, type Task } from '../core/task.ts';

/** The mix of difficulties that teaches most: mostly medium, enough easy ones to notice what breaks. */
export const ADVISED_SHARES: { readonly [D in Difficulty]: number } = { easy: 0.3, medium: 0.5, hard: 0.2 };

/** Metadata keys that are listed: a record of 100,000 keys is data, not a table. */
const MAX_KEYS = 100;

export type Description = {
  readonly tasks: number;
  readonly conversations: number;
  readonly difficulty: {
    readonly [D in Difficulty | 'unknown']: {
      readonly count: number;
      readonly share: number;
      readonly advised: number;
    };
  };
  readonly categories: { readonly [name: string]: number };
  /** How many tasks have each key of `metadata`: fields that are not known end up there. */
  readonly metadata: { readonly [key: string]: number };
  readonly withExpected: Part;
  readonly withObserved: Part;
  readonly withContext: Part;
  readonly withToolCalls: Part;
  readonly rated: Part & { readonly mean: number | null };
  readonly failed: number;
  /** Characters. */
  readonly inputLength: Lengths;
  readonly contextLength: Lengths;
  readonly expectedLength: Lengths;
  /** Tasks whose input equals an earlier one but for case, digits, spaces and punctuation; they are kept. */
  readonly nearDuplicates: number;
  /** Tasks with text that looks like a key, a token or an e-mail address. */
  readonly sensitive: number;
  readonly warnings: readonly string[];
};

type Part = { readonly count: number; readonly share: number };
type Lengths = { readonly min: number; readonly median: number; readonly p95: number; readonly max: number };

/** Collects what `apo dataset describe` shows, task by task, so that a history needs not be in memory. */
export function createDescription(): { add(task: Task): void; result(): Description } {
  const difficulties = new Map<string, number>();
  const categories = new Map<string, number>();
  const groups = new Set<string>();
  const metadata = new Map<string, number>();
  const inputs = new Set<string>();
  const lengths = { input: [] as number[], context: [] as number[], expected: [] as number[] };
  const counts = {
    tasks: 0,
    observed: 0,
    context: 0,
    calls: 0,
    rated: 0,
    ratings: 0,
    failed: 0,
    near: 0,
    sensitive: 0,
  };

  return {
    add(task) {
      counts.tasks++;
      difficulties.set(task.difficulty ?? 'unknown', (difficulties.get(task.difficulty ?? 'unknown') ?? 0) + 1);
      const category = task.category ?? '(none)';
      categories.set(category, (categories.get(category) ?? 0) + 1);
      groups.add(hashOf(groupOf(task)).slice(0, 16));
      for (const key of Object.keys(task.metadata)) metadata.set(key, (metadata.get(key) ?? 0) + 1);
      const shape = hashOf(shapeOf(task.input)).slice(0, 16);
      if (inputs.has(shape)) counts.near++;
      inputs.add(shape);
      lengths.input.push(task.input.length);
      lengths.context.push(task.context.reduce((sum, { content }) => sum + content.length, 0));
      if (task.expected !== null) lengths.expected.push(task.expected.length);
      if (task.observed !== null) counts.observed++;
      if (task.context.length > 0) counts.context++;
      if (Array.isArray(task.metadata.tool_calls) && task.metadata.tool_calls.length > 0) counts.calls++;
      if (typeof task.metadata.rating === 'number') {
        counts.rated++;
        counts.ratings += task.metadata.rating;
      }
      if (task.metadata.error !== undefined) counts.failed++;
      if (isSensitive(task)) counts.sensitive++;
    },
    result() {
      const part = (count: number): Part => ({ count, share: share(count, counts.tasks) });
      const difficulty = (name: Difficulty | 'unknown') => ({
        ...part(difficulties.get(name) ?? 0),
        advised: name === 'unknown' ? 0 : ADVISED_SHARES[name],
      });
      return {
        tasks: counts.tasks,
        conversations: groups.size,
        difficulty: {
          easy: difficulty('easy'),
          medium: difficulty('medium'),
          hard: difficulty('hard'),
          unknown: difficulty('unknown'),
        },
        categories: Object.fromEntries([...categories].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))),
        metadata: Object.fromEntries(
          [...metadata].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, MAX_KEYS),
        ),
        withExpected: part(lengths.expected.length),
        withObserved: part(counts.observed),
        withContext: part(counts.context),
        withToolCalls: part(counts.calls),
        rated: { ...part(counts.rated), mean: counts.rated === 0 ? null : round(counts.ratings / counts.rated) },
        failed: counts.failed,
        inputLength: summarise(lengths.input),
        contextLength: summarise(lengths.context),
        expectedLength: summarise(lengths.expected),
        nearDuplicates: counts.near,
        sensitive: counts.sensitive,
        warnings: warningsOf(counts.tasks, difficulties, categories, counts),
      };
    },
  };
}

function warningsOf(
  tasks: number,
  difficulties: ReadonlyMap<string, number>,
  categories: ReadonlyMap<string, number>,
  counts: { readonly near: number; readonly sensitive: number },
): readonly string[] {
  const warnings: string[] = [];
  const known = DIFFICULTIES.reduce((sum, name) => sum + (difficulties.get(name) ?? 0), 0);
  const off = DIFFICULTIES.filter(
    (name) => Math.abs(share(difficulties.get(name) ?? 0, known) - ADVISED_SHARES[name]) > 0.15,
  );
  if (known > 0 && off.length > 0) {
    const found = DIFFICULTIES.map((name) => `${name} ${Math.round(100 * share(difficulties.get(name) ?? 0, known))}`);
    warnings.push(`difficulties are ${found.join(' / ')} %; the advice is easy 30 / medium 50 / hard 20`);
  }
  const largest = Math.max(0, ...categories.values());
  if (categories.size > 1 && largest > 0.9 * tasks) {
    warnings.push(
      `one category has ${Math.round((100 * largest) / tasks)} % of the tasks: the result says little about the others`,
    );
  }
  if (counts.near > 0)
    warnings.push(
      counts.near === 1
        ? '1 task asks nearly the same as another one'
        : `${counts.near} tasks ask nearly the same as another one`,
    );
  if (counts.sensitive > 0) {
    warnings.push(
      `${counts.sensitive} tasks contain what looks like a key, a token or an e-mail address; models will see them`,
    );
  }
  return warnings;
}

const SENSITIVE =
  /\b(sk-[\w-]{16,}|gh[pousr]_\w{20,}|AKIA[0-9A-Z]{16}|xox[abprs]-[\w-]{10,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]+|[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]{2,})|-----BEGIN [A-Z ]*PRIVATE KEY/;

function isSensitive(task: Task): boolean {
  return [task.input, task.expected, task.observed].some((text) => text !== null && SENSITIVE.test(text));
}

function shapeOf(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}]+/gu, ' ')
    .trim();
}

function summarise(values: readonly number[]): Lengths {
  const sorted = Float64Array.from(values).sort();
  const at = (quantile: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))] ?? 0;
  return { min: at(0), median: at(0.5), p95: at(0.95), max: at(1) };
}

function share(count: number, total: number): number {
  return total === 0 ? 0 : round(count / total);
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
