import { countTests, type Record, type State } from './state.ts';

/** Tests after which a statement is no longer the likely cure of a failure that it does not prevent. */
const TRIED = 2;
/** Times that a critic reads the same rollout. */
const MOST_READINGS = 8;
/** Share of all tasks that a gap must cost for a critic to be asked again and again. */
const WORTH_ASKING = 0.0004;

/**
 * Failures to show to critics, in groups: of the parts that the present best misses most, weighed by how many tasks need
 * them, two failures of each (what repeats is seen more easily). Parts with a statement that is still on trial wait.
 */
export function findGaps(state: State, groups: number, groupSize: number): readonly (readonly Record[])[] {
  const { model, units, records, shown, read } = state;
  const best = model.bestArm(model.mean);
  const waiting = onTrial(state);
  const failures = new Map<number, Record[]>();
  for (const record of [...records].reverse()) {
    if (record.reward > 0.7 || (read.get(record.scored.rollout.id) ?? 0) >= MOST_READINGS) continue;
    units.ofTask[record.task]?.forEach((kind, index) => {
      if ((record.outcome.parts[index] as number) > 0.7) return;
      const known = failures.get(kind) ?? failures.set(kind, []).get(kind);
      known?.push(record);
    });
  }
  const gaps = [...failures.keys()]
    .filter((kind) => !waiting.has(kind))
    .map((kind) => {
      const share = (units.kinds[kind]?.tasks.length ?? 0) / units.ofTask.length;
      const loss = share * (1 - model.chance(best, kind, model.mean));
      return { kind, worth: loss / (1 + (shown.get(kind) ?? 0)) };
    })
    .filter(({ worth }) => worth >= WORTH_ASKING)
    .sort((a, b) => b.worth - a.worth);
  const chosen: Record[][] = [];
  const used = new Set<Record>();
  for (const { kind } of gaps) {
    let group = chosen.at(-1);
    if (group === undefined || group.length >= groupSize) {
      if (chosen.length >= groups) break;
      group = [];
      chosen.push(group);
    }
    const examples = (failures.get(kind) ?? [])
      .filter((record) => !used.has(record))
      .sort((a, b) => (read.get(a.scored.rollout.id) ?? 0) - (read.get(b.scored.rollout.id) ?? 0));
    const tasks = new Set<number>();
    for (const record of examples) {
      if (tasks.size >= 2 || group.length >= groupSize || tasks.has(record.task)) continue;
      tasks.add(record.task);
      used.add(record);
      group.push(record);
    }
  }
  return chosen.filter((group) => group.length > 0);
}

/** Kinds for which there is a statement that has hardly been tried. */
function onTrial(state: State): ReadonlySet<number> {
  const tests = countTests(state);
  const kinds = new Set<number>();
  for (const { index, fixed } of state.pool.statements) {
    if (fixed) continue;
    const { kinds: concerned } = state.pool.concern(index);
    for (const [kind, value] of concerned) {
      if (value > 0.7 && (tests[index]?.get(kind) ?? 0) < TRIED) kinds.add(kind);
    }
  }
  return kinds;
}
