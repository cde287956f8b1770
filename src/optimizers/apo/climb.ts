import { type Prompt, promptText } from '../../core/prompt.ts';
import { rewardOf, type ScoredRollout } from '../../core/rollout.ts';
import { mean } from '../../core/statistics.ts';
import type { Task } from '../../core/task.ts';
import type { Candidate, OptimizerContext, Trial } from '../optimizer.ts';
import { submitPrompt } from '../shared/proposal.ts';
import { pairedDifferences, rewardsOf } from '../shared/scores.ts';
import { trainedText, withTrainedText } from './component.ts';
import { type Proposal, propose } from './propose.ts';
import { revise } from './revise.ts';
import { statementsOf } from './split.ts';

/*
 * Whole prompts beside statements: hill climbing on small batches. The present prompt and its edit by one critique run on the
 * same tasks, and the better one stays (the acceptance of GEPA, arXiv 2507.19457, without its passes over validation tasks).
 * Slower than the search over statements where that can tell what a statement does, and works where it cannot.
 */

/** An edit that was better than its parent on its batch. */
export type Ascent = {
  readonly parent: Prompt;
  readonly prompt: Prompt;
  readonly proposals: readonly Proposal[];
  /** Reward of the edit minus reward of the parent, by task. */
  readonly differences: readonly number[];
};

export type ClimbStep = {
  readonly rollouts: number;
  /** Of all of them. */
  readonly rewards: readonly number[];
  readonly proposals: readonly Proposal[];
  readonly parent: Prompt;
  /** The parent on the tasks of the batch. */
  readonly before: readonly { readonly task: number; readonly scored: ScoredRollout }[];
  /** The edit on the same tasks; undefined when there was none to try. */
  readonly trial: { readonly child: Prompt; readonly after: readonly ScoredRollout[] } | undefined;
};

export type Climb = {
  readonly prompt: Prompt;
  readonly ascents: readonly Ascent[];
  /** Rewards of the climb's prompt on tasks drawn at random, in order of time. */
  readonly rewards: readonly number[];
  /** One batch, one proposal; from another prompt when one is given. */
  step(sample: number, iteration: number, from?: Prompt): Promise<ClimbStep>;
};

/** Failures that the critic of a step reads. */
const SHOWN = 4;

export function createClimb(
  context: OptimizerContext,
  batchSize: number,
  fresh: (prompt: Prompt, tasks: readonly Task[]) => Trial[],
  isSame: (a: string, b: string) => boolean,
  worth: (task: number, scored: ScoredRollout) => number | undefined,
): Climb {
  const order = context.random('climb').shuffle(context.train.map((_task, index) => index));
  const ascents: Ascent[] = [];
  const rewards: number[] = [];
  let position = 0;
  let prompt = context.start;

  async function run(candidate: Prompt, tasks: readonly number[], iteration: number) {
    const trials = fresh(
      candidate,
      tasks.map((task) => context.train[task] as Task),
    );
    return context.evaluate(candidate, trials, {
      iteration,
      split: 'train',
      label: `iteration ${iteration}, whole prompt`,
    });
  }

  /** What the gate does not let in is left out, so that the rest of a critique is not lost. */
  const isAllowed =
    (parent: Prompt) =>
    ({ text, removal }: Proposal): boolean =>
      removal || context.reject(withTrainedText(parent, `${trainedText(parent)}\n- ${text}`), parent) === undefined;

  /** The best statements were no candidate of their own so far. */
  const statementsAsParent = (from: Prompt, iteration: number): Candidate => ({
    prompt: from,
    parents: [context.start.id],
    iteration,
    operator: 'statements',
    critique: null,
    evidence: [],
    rejected: null,
  });

  return {
    get prompt() {
      return prompt;
    },
    ascents,
    rewards,
    async step(sample, iteration, from) {
      if (from !== undefined && from.id !== context.start.id)
        await context.addCandidate(statementsAsParent(from, iteration));
      prompt = from ?? prompt;
      const parent = prompt;
      const tasks = Array.from(
        { length: Math.min(batchSize, order.length) },
        () => order[position++ % order.length] as number,
      );
      const scored = await run(parent, tasks, iteration);
      const before = tasks.map((task, index) => ({ task, scored: scored[index] as ScoredRollout }));
      rewards.push(...rewardsOf(scored));
      const end = (proposals: readonly Proposal[], trial?: ClimbStep['trial']): ClimbStep => ({
        rollouts: scored.length + (trial?.after.length ?? 0),
        rewards: rewardsOf([...scored, ...(trial?.after ?? [])]),
        proposals,
        parent,
        before,
        trial,
      });
      const failures = before.filter(({ scored: one }) => (rewardOf(one) ?? 1) < PASSED);
      if (failures.length === 0) return end([]);
      const { proposals, edited } = await propose(context, {
        parent,
        prompt: statementsOf(trainedText(parent)).map((statement) => ({ text: statement, effect: '' })),
        failures: failures
          .slice(0, SHOWN)
          .map(({ task, scored: one }) => ({ task: context.train[task] as Task, scored: one })),
        passes: [],
        useless: [],
        sample,
      });
      const text = edited ?? revise(trainedText(parent), proposals.filter(isAllowed(parent)), isSame);
      const child = text === '' ? undefined : withTrainedText(parent, text);
      if (child === undefined || promptText(child) === promptText(parent)) return end(proposals);
      const accepted = await submitPrompt(context, {
        prompt: child,
        parents: [parent],
        iteration,
        operator: 'climb',
        critique: [...new Set(proposals.map(({ critique }) => critique))].join('\n') || null,
        evidence: failures.map(({ scored: one }) => one.rollout.id),
      });
      if (accepted === undefined) return end(proposals);
      const after = await run(child, tasks, iteration);
      const gains = before.flatMap(({ task, scored: old }, index) => {
        const [was, is] = [worth(task, old), worth(task, after[index] as ScoredRollout)];
        return was === undefined || is === undefined ? [] : [is - was];
      });
      if (mean(gains) > LEAST_GAIN) {
        ascents.push({ parent, prompt: child, proposals, differences: pairedDifferences(scored, after) });
        prompt = child;
      }
      return end(proposals, { child, after });
    },
  };
}

const PASSED = 0.999;
/** Sums of fractions are not exact. */
const LEAST_GAIN = 1e-9;
