import { ApoError } from '../core/errors.ts';
import { hashOf } from '../core/json.ts';
import { detectableGain } from '../core/statistics.ts';
import { groupOf, type Task, taskHash } from '../core/task.ts';
import { counted } from '../platform/text.ts';

export type SplitOptions = {
  readonly seed: number;
  /** Share of the validation side. Default 0.2. */
  readonly val?: number;
  /** Share of a sealed test side. Default 0: none. */
  readonly test?: number;
};

export type Split = {
  readonly train: readonly Task[];
  readonly val: readonly Task[];
  readonly test: readonly Task[];
  readonly warnings: readonly string[];
};

export const ADVISED_TRAIN_TASKS = 50;
export const ADVISED_VAL_TASKS = 20;

type Group = { readonly key: string; readonly stratum: string; readonly tasks: readonly Task[] };
type Side = 'train' | 'val' | 'test';

/**
 * Splits tasks by conversation: tasks of one group, and tasks with the same content, stay on one side. Depends on the
 * seed and on what the tasks say, never on their order. Categories and difficulties keep their shares as far as groups
 * allow.
 * @throws ApoError `dataset-empty` when there are not enough different tasks for every side.
 */
export function splitTasks(tasks: readonly Task[], options: SplitOptions): Split {
  const shares = sharesOf(options);
  const sides = (Object.keys(shares) as Side[]).filter((side) => shares[side] > 0);
  const warnings: string[] = [];
  let groups = groupTasks(tasks, groupOf);
  if (groups.length < sides.length) {
    groups = groupTasks(tasks, ({ id }) => id);
    if (groups.length < sides.length) {
      throw new ApoError(
        'dataset-empty',
        `${counted(groups.length, 'different task')} cannot be split into ${sides.join(', ')}`,
        {
          hint: `at least ${sides.length} are needed; for a result that means something ${ADVISED_TRAIN_TASKS} training and ${ADVISED_VAL_TASKS} validation tasks`,
        },
      );
    }
    warnings.push(
      'too few conversations to keep each on one side: tasks of one conversation stand on several sides, so the validation score is too good',
    );
  }
  const assigned = assign(order(groups, options.seed), shares, sides);
  const part = (side: Side): readonly Task[] =>
    assigned
      .filter((entry) => entry.side === side)
      .flatMap(({ group }) => group.tasks)
      .map((task) => ({ task, place: hashOf({ seed: options.seed, task: taskHash(task), id: task.id }) }))
      .toSorted((a, b) => compare(a.place, b.place))
      .map(({ task }) => task);
  const split = { train: part('train'), val: part('val'), test: part('test') };
  return { ...split, warnings: [...warnings, ...sizeWarnings(split.train.length, split.val.length)] };
}

function sharesOf({ val = 0.2, test = 0 }: SplitOptions): { readonly [S in Side]: number } {
  if (!(val > 0 && test >= 0 && val + test < 1)) {
    throw new ApoError('usage', `a split of ${val} validation and ${test} test leaves no training tasks`, {
      hint: 'choose shares above 0 whose sum is below 1, for example 0.2',
    });
  }
  return { train: 1 - val - test, val, test };
}

/** Connected groups: tasks that share a group or a content are one. */
function groupTasks(tasks: readonly Task[], groupBy: (task: Task) => string): Group[] {
  const parents = new Map<string, string>();
  const root = (name: string): string => {
    let at = name;
    for (let parent = parents.get(at); parent !== undefined && parent !== at; parent = parents.get(at)) at = parent;
    // Path compression keeps this near-linear for a million tasks.
    for (let next = name; next !== at; ) {
      const parent = parents.get(next) ?? at;
      parents.set(next, at);
      next = parent;
    }
    return at;
  };
  const hashes = tasks.map(taskHash);
  for (const [index, task] of tasks.entries()) {
    const [a, b] = [root(`group:${groupBy(task)}`), root(`task:${hashes[index]}`)].toSorted(compare) as [
      string,
      string,
    ];
    parents.set(a, a);
    parents.set(b, a);
  }
  const members = new Map<string, number[]>();
  for (const index of tasks.keys()) {
    const key = root(`task:${hashes[index]}`);
    const list = members.get(key);
    if (list === undefined) members.set(key, [index]);
    else list.push(index);
  }
  return [...members.values()].map((indexes) => {
    const own = indexes.map((index) => tasks[index] as Task);
    return {
      key: indexes.map((index) => hashes[index] as string).toSorted(compare)[0] ?? '',
      stratum: stratumOf(own),
      tasks: own,
    };
  });
}

/** What most tasks of the group are. */
function stratumOf(tasks: readonly Task[]): string {
  const counts = new Map<string, number>();
  for (const { category, difficulty } of tasks) {
    const name = JSON.stringify([category, difficulty]);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].toSorted((a, b) => b[1] - a[1] || compare(a[0], b[0]))[0]?.[0] ?? '';
}

/** Strata one after the other, groups within a stratum in a random order that the seed decides. */
function order(groups: readonly Group[], seed: number): readonly Group[] {
  return groups
    .map((group) => ({ group, place: hashOf({ seed, group: group.key }) }))
    .toSorted((a, b) => compare(a.group.stratum, b.group.stratum) || compare(a.place, b.place))
    .map(({ group }) => group);
}

type Assigned = { readonly group: Group; side: Side };

/** Each group goes to the side that lacks most; as strata follow each other, each of them is shared out evenly. */
function assign(
  groups: readonly Group[],
  shares: { readonly [S in Side]: number },
  sides: readonly Side[],
): readonly Assigned[] {
  const counts: { [S in Side]: number } = { train: 0, val: 0, test: 0 };
  let seen = 0;
  const assigned = groups.map((group): Assigned => {
    seen += group.tasks.length;
    const lack = (side: Side): number => shares[side] * seen - counts[side];
    const side = sides.reduce((best, candidate) => (lack(candidate) > lack(best) + 1e-9 ? candidate : best));
    counts[side] += group.tasks.length;
    return { group, side };
  });
  for (const side of sides) fill(assigned, side, shares[side] * seen);
  return assigned;
}

/** A side that got nothing takes the group nearest to its size from a side that has several. */
function fill(assigned: readonly Assigned[], side: Side, wanted: number): void {
  if (assigned.some((entry) => entry.side === side)) return;
  const groupsOn = (other: Side): number => assigned.filter((entry) => entry.side === other).length;
  const movable = assigned.filter((entry) => groupsOn(entry.side) > 1);
  const distance = ({ group }: Assigned): number => Math.abs(group.tasks.length - wanted);
  const nearest = movable.toSorted((a, b) => distance(a) - distance(b))[0];
  if (nearest !== undefined) nearest.side = side;
}

/** What few tasks on a side mean for the result. */
export function sizeWarnings(train: number, val: number): string[] {
  const warnings: string[] = [];
  if (train < ADVISED_TRAIN_TASKS) {
    warnings.push(
      `${counted(train, 'training task')} (advice: ${ADVISED_TRAIN_TASKS} or more): rare failures will not be seen, and the prompt may fit these tasks only`,
    );
  }
  if (val < ADVISED_VAL_TASKS) {
    const gain = Math.round(100 * detectableGain(val));
    warnings.push(
      `${counted(val, 'validation task')} (advice: ${ADVISED_VAL_TASKS} or more): a gain below about ${gain} points cannot be told from chance`,
    );
  }
  return warnings;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
