import { allInOrder } from '../../core/async.ts';
import type { Evidence } from '../shared/evidence.ts';
import type { Arm } from './arm.ts';
import { trainedText, withTrainedText } from './component.ts';
import { findGaps } from './gaps.ts';
import type { Proposal } from './proposal.ts';
import { propose } from './propose.ts';
import { promptOf, type Record, type State } from './state.ts';

/** Shares of a part, 0..1, up to which a critic sees it as missed, and up to which it is evidence for what cures it. */
const MISSED = { shown: 0.7, cited: 0.5 } as const;
/** Reward above which a rollout shows a critic what is wanted. */
const GOOD = 0.9;
/** Rollouts from which on a statement counts as tried. */
const TRIED = 4;
/** The latest of them that a critic is told. */
const MOST_USELESS = 8;

/** Shows failures that nothing in the pool is about to cure to critics. */
export async function criticise(state: State): Promise<readonly Proposal[]> {
  const { context, settings, pool, model, records, units, shown, read } = state;
  const best = model.bestArm(model.mean);
  const groups = findGaps(state, settings.critiquesPerRound, settings.groupSize);
  const replies = await allInOrder(
    groups.map((group) => {
      for (const { scored, task, outcome } of group) {
        read.set(scored.rollout.id, (read.get(scored.rollout.id) ?? 0) + 1);
        units.ofTask[task]?.forEach((kind, index) => {
          if ((outcome.parts[index] as number) <= MISSED.shown) shown.set(kind, (shown.get(kind) ?? 0) + 1);
        });
      }
      const isExpectedShown = group.every(({ task }) => typeof context.train[task]?.expected === 'string');
      // Where the best draw says nothing, the critic is to see the prompt that failed.
      const shownArm = best.statements.length === 0 ? (group[0]?.arm ?? best) : best;
      return propose(context, {
        parent: promptOf(state, shownArm),
        statements: shownArm.statements.map((statement) => pool.statements[statement]?.text ?? ''),
        failures: group.map((record) => evidenceOf(state, record)),
        passes: isExpectedShown
          ? []
          : records
              .filter(({ reward }) => reward > GOOD)
              .slice(-1)
              .map((record) => evidenceOf(state, record)),
        useless: uselessStatements(state, best),
        sample: state.critiques++,
      });
    }),
  );
  return replies.flatMap(({ proposals }) => proposals);
}

function evidenceOf({ context }: State, { task, scored }: Record): Evidence {
  return { task: context.train[task] as Evidence['task'], scored };
}

/** Statements that were tried and that the present best does without. */
function uselessStatements({ pool, records }: State, best: Arm): readonly string[] {
  const chosen = new Set(best.statements);
  const rollouts = new Map<number, number>();
  for (const { arm } of records)
    for (const index of arm.statements) rollouts.set(index, (rollouts.get(index) ?? 0) + 1);
  return pool.statements
    .filter(({ index, fixed, origins }) => !fixed && !chosen.has(index) && origins[0]?.operator !== 'start')
    .filter(({ index }) => (rollouts.get(index) ?? 0) >= TRIED)
    .slice(-MOST_USELESS)
    .map(({ text }) => text);
}

/** Takes proposals into the pool; what they want changed or gone counts as doubted. */
export function adopt(state: State, proposals: readonly Proposal[]): void {
  const { context, pool, records, units } = state;
  const recordOf = new Map(records.map((record) => [record.scored.rollout.id, record]));
  for (const { text, target, critique, operator, rollouts, removal } of proposals) {
    const objected = target === '' ? undefined : pool.find(target);
    if (objected !== undefined) pool.object(objected);
    if (removal || text === '') continue;
    const trial = withTrainedText(context.start, `${trainedText(context.start)}\n- ${text}`);
    if (context.reject(trial, context.start) !== undefined) continue;
    const missed = rollouts.flatMap((id) => {
      const record = recordOf.get(id);
      return (units.ofTask[record?.task ?? -1] ?? []).filter(
        (_kind, index) => (record?.outcome.parts[index] ?? 1) < MISSED.cited,
      );
    });
    pool.add(text, missed, { operator, critique, rollouts });
  }
}
