import { type Prompt, promptText } from '../../core/prompt.ts';
import { rewardOf, type ScoredRollout } from '../../core/rollout.ts';
import type { Task } from '../../core/task.ts';
import type { OptimizerContext, Trial } from '../optimizer.ts';
import { submitPrompt } from '../shared/proposal.ts';
import { pairedDifferences, rewardsOf } from '../shared/scores.ts';
import { trainedText, withTrainedText } from './component.ts';
import { type Proposal, propose } from './propose.ts';
import { revise } from './revise.ts';
import { statementsOf } from './split.ts';

/*
 * Whole prompts beside statements: hill climbing on small batches. The best known prompt and its edit by one critique run on
 * the same tasks (the acceptance of GEPA, arXiv 2507.19457, without its passes over validation tasks). No prompt is given up:
 * each keeps what is believed of it, and the next step sets out from the best, so that luck on one batch does not last.
 * Slower than the search over statements where that can tell what a statement does, and works where it cannot.
 */

/** A whole prompt with what is known of it. */
export type Whole = {
  readonly prompt: Prompt;
  /** Expected worth of a rollout on a random task, as believed at present. */
  readonly value: number;
  /** Rollouts that the belief is worth. */
  readonly weight: number;
  /** Rollouts on tasks that it was not chosen for. */
  readonly proven: number;
  /** The step that made it; undefined for the start and for prompts of the statements. */
  readonly origin: Ascent | undefined;
};

/** An edit that ran on the same tasks as its parent. */
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
  /** All prompts that ran, best first; of equals the latest. */
  ranking(): readonly Whole[];
  /** How a prompt was made, the first edit first. */
  lineage(prompt: Prompt): readonly Ascent[];
  /** Makes a prompt of another origin known, with what is believed of it. */
  offer(prompt: Prompt, value: number, iteration: number): Promise<void>;
  /** One batch, one proposal. */
  step(sample: number, iteration: number): Promise<ClimbStep>;
};

/** Failures that the critic of a step reads. */
const SHOWN = 4;
/** A sum of gains on n tasks counts as a mean of n and so many without any: a single task more is often luck. */
const SHRINKAGE = 4;
/** Most of its parent's weight that an edit inherits. */
const INHERITED = 6;
/** Weight of a prompt of another origin. */
const OFFERED = 6;

export function createClimb(
  context: OptimizerContext,
  batchSize: number,
  fresh: (prompt: Prompt, tasks: readonly Task[]) => Trial[],
  isSame: (a: string, b: string) => boolean,
  worth: (task: number, scored: ScoredRollout) => number | undefined,
): Climb {
  const order = context.random('climb').shuffle(context.train.map((_task, index) => index));
  const known = new Map<string, Whole>([
    [context.start.id, { prompt: context.start, value: 0, weight: 0, proven: 0, origin: undefined }],
  ]);
  let position = 0;

  function ranking(): readonly Whole[] {
    return [...known.values()].reverse().sort((a, b) => b.value - a.value);
  }

  function learn(prompt: Prompt, seen: readonly number[]): Whole {
    const before = known.get(prompt.id) as Whole;
    const weight = before.weight + seen.length;
    const sum = before.value * before.weight + seen.reduce((total, reward) => total + reward, 0);
    const after = {
      ...before,
      value: weight === 0 ? before.value : sum / weight,
      weight,
      proven: before.proven + seen.length,
    };
    known.set(prompt.id, after);
    return after;
  }

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

  return {
    ranking,
    lineage(prompt) {
      const steps: Ascent[] = [];
      for (let step = known.get(prompt.id)?.origin; step !== undefined; step = known.get(step.parent.id)?.origin) {
        steps.unshift(step);
      }
      return steps;
    },
    async offer(prompt, value, iteration) {
      if (known.has(prompt.id)) return;
      known.set(prompt.id, { prompt, value, weight: OFFERED, proven: 0, origin: undefined });
      await context.addCandidate({
        prompt,
        parents: [context.start.id],
        iteration,
        operator: 'statements',
        critique: null,
        evidence: [],
        rejected: null,
      });
    },
    async step(sample, iteration) {
      const { prompt: parent } = ranking()[0] as Whole;
      const tasks = Array.from(
        { length: Math.min(batchSize, order.length) },
        () => order[position++ % order.length] as number,
      );
      const scored = await run(parent, tasks, iteration);
      const { value, weight } = learn(
        parent,
        tasks.flatMap((task, index) => worth(task, scored[index] as ScoredRollout) ?? []),
      );
      const before = tasks.map((task, index) => ({ task, scored: scored[index] as ScoredRollout }));
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
      if (!known.has(child.id)) {
        const differences = pairedDifferences(scored, after);
        known.set(child.id, {
          prompt: child,
          value: value + gains.reduce((total, gain) => total + gain, 0) / (gains.length + SHRINKAGE),
          weight: Math.min(weight, INHERITED),
          proven: 0,
          origin: { parent, prompt: child, proposals, differences },
        });
      }
      return end(proposals, { child, after });
    },
  };
}

const PASSED = 0.999;
