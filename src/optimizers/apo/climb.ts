import { type Prompt, promptText } from '../../core/prompt.ts';
import type { Random } from '../../core/random.ts';
import { rewardOf, type ScoredRollout } from '../../core/rollout.ts';
import { statementsOf } from '../../core/statements.ts';
import type { Task } from '../../core/task.ts';
import type { OptimizerContext, Trial } from '../optimizer.ts';
import { type Submission, submitPrompt } from '../shared/proposal.ts';
import { rewardsOf } from '../shared/scores.ts';
import { type Belief, createBeliefs, type Origin } from './beliefs.ts';
import { trainedText, withTrainedText } from './component.ts';
import type { Proposal } from './proposal.ts';
import { propose } from './propose.ts';
import { revise } from './revise.ts';

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
};

export type ClimbStep = {
  readonly rollouts: number;
  /** Of all of them. */
  readonly rewards: readonly number[];
  readonly proposals: readonly Proposal[];
  readonly parent: Prompt;
  /** The parent on the tasks of the batch. */
  readonly before: readonly { readonly task: number; readonly scored: ScoredRollout }[];
  /** Tasks of the edit's rollouts. */
  readonly tasks: readonly number[];
  /** The edit on the same tasks; undefined when there was none to try. */
  readonly trial: { readonly child: Prompt; readonly after: readonly ScoredRollout[] } | undefined;
};

export type Climb = {
  /** All known prompts in order of time: a prompt comes after the one that it was made from. */
  all(): readonly Whole[];
  /** The same, best first; of equals the latest. */
  ranking(): readonly Whole[];
  /** What is believed of a known prompt's value, less that of another where one is given. */
  belief(prompt: Prompt, other?: Prompt): Belief;
  /** How a prompt was made, the first edit first. */
  lineage(prompt: Prompt): readonly Ascent[];
  /** Makes a prompt of another origin known, with what is believed of it. */
  offer(prompt: Prompt, value: number, iteration: number): Promise<void>;
  /** One batch, one proposal. */
  step(sample: number, iteration: number): Promise<ClimbStep>;
};

/** Critiques after which, if no prompt has gained more than {@link NO_GAIN}, the critic may write prompts itself; once that helped, always. */
const BARREN = 8;
const NO_GAIN = 0.05;
/** Failures that the critic of a step reads. */
const SHOWN = 4;
/** Standard deviations of worth, chosen by bench/VARIANTS.md. */
export const SPREAD = { noise: 0.4, task: 0.3, gain: 0.2 };
/** What is believed of the starting prompt before it has run. */
export const ROOT = { mean: 0.4, deviation: 0.4 };
/** Deviation of what is believed of a prompt of another origin. */
const OFFERED = 0.15;

export function createClimb(
  context: OptimizerContext,
  batchSize: number,
  fresh: (prompt: Prompt, tasks: readonly Task[]) => Trial[],
  isSame: (a: string, b: string) => boolean,
  worth: (task: number, scored: ScoredRollout) => number | undefined,
): Climb {
  const order = context.random('climb').shuffle(context.train.map((_task, index) => index));
  const beliefs = createBeliefs(SPREAD);
  const known = new Map<string, Known>();
  const operators = { edit: { won: 1, lost: 1 }, rewrite: { won: 1, lost: 2 }, reflect: { won: 1, lost: 1 } };
  type Operator = keyof typeof operators;
  let position = 0;
  let steps = 0;
  admit(context.start, undefined, ROOT);

  function admit(prompt: Prompt, origin: Ascent | undefined, belief: Origin): Known {
    const one = { prompt, origin, index: beliefs.add(belief), proven: 0, batches: [] };
    known.set(prompt.id, one);
    return one;
  }

  const indexOf = ({ id }: Prompt): number => (known.get(id) as Known).index;

  function all(): readonly Whole[] {
    return [...known.values()].map((one) => ({ ...one, value: beliefs.value(one.index) }));
  }

  function ranking(): readonly Whole[] {
    return [...all()].reverse().sort((a, b) => b.value - a.value);
  }

  async function run(one: Known, tasks: readonly number[], iteration: number): Promise<Batch> {
    const { prompt } = one;
    const trials = fresh(
      prompt,
      tasks.map((task) => context.train[task] as Task),
    );
    const label = `iteration ${iteration}, whole prompt`;
    const scored = await context.evaluate(prompt, trials, { iteration, split: 'train', label });
    tasks.forEach((task, index) => {
      const value = worth(task, scored[index] as ScoredRollout);
      if (value !== undefined) beliefs.observe(one.index, task, value);
    });
    const batch = { tasks, scored, isRead: false };
    one.batches.push(batch);
    return batch;
  }

  /** What the gate does not let in is left out, so that the rest of a critique is not lost. */
  const isAllowed =
    (parent: Prompt) =>
    ({ text, removal }: Proposal): boolean =>
      removal || context.reject(withTrainedText(parent, `${trainedText(parent)}\n- ${text}`), parent) === undefined;

  function chooseOperator(step: number, critiques: number): Operator {
    const random = context.random('operator', step);
    const chosen = beta(random, operators.rewrite) > beta(random, operators.edit) ? 'rewrite' : 'edit';
    // Some models cannot say what is wrong and yet do it better.
    const gained = beliefs.value(indexOf((ranking()[0] as Whole).prompt)) - beliefs.value(indexOf(context.start));
    const isBarren = critiques >= BARREN && gained <= NO_GAIN;
    if (!isBarren && operators.reflect.won === 1) return chosen;
    return beta(random, operators.reflect) > beta(random, operators[chosen]) ? 'reflect' : chosen;
  }

  /** Failures of the prompt that no critic has read, or else the next tasks. */
  async function nextBatch(one: Known, iteration: number): Promise<{ readonly batch: Batch; readonly isNew: boolean }> {
    const unread = one.batches.findLast(({ isRead, scored }) => !isRead && scored.some(isFailure));
    if (unread !== undefined) return { batch: unread, isNew: false };
    const count = Math.min(batchSize, order.length);
    const tasks = Array.from({ length: count }, () => order[position++ % order.length] as number);
    one.proven += count;
    return { batch: await run(one, tasks, iteration), isNew: true };
  }

  /** The first draft that says something new and that the gate lets in. */
  async function submitFirst(
    drafts: readonly { readonly operator: Operator; readonly text: string }[],
    origin: Omit<Submission, 'prompt' | 'operator'>,
  ): Promise<{ readonly operator: Operator; readonly child: Prompt } | undefined> {
    const [parent] = origin.parents;
    for (const { operator, text } of drafts) {
      const child = withTrainedText(parent, text);
      if (text === '' || promptText(child) === promptText(parent)) continue;
      const shown = operator === 'edit' ? 'climb' : operator;
      if ((await submitPrompt(context, { ...origin, prompt: child, operator: shown })) !== undefined)
        return { operator, child };
    }
    return undefined;
  }

  return {
    all,
    ranking,
    belief: (prompt, other) => beliefs.belief(indexOf(prompt), other && indexOf(other)),
    lineage(prompt) {
      const steps: Ascent[] = [];
      for (let step = known.get(prompt.id)?.origin; step !== undefined; step = known.get(step.parent.id)?.origin) {
        steps.unshift(step);
      }
      return steps;
    },
    async offer(prompt, value, iteration) {
      if (known.has(prompt.id)) return;
      admit(prompt, undefined, { mean: value, deviation: OFFERED });
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
      const one = known.get((ranking()[0] as Whole).prompt.id) as Known;
      const { prompt: parent } = one;
      const { batch, isNew } = await nextBatch(one, iteration);
      const { tasks, scored } = batch;
      batch.isRead = true;
      const before = tasks.map((task, index) => ({ task, scored: scored[index] as ScoredRollout }));
      const end = (proposals: readonly Proposal[], trial?: ClimbStep['trial']): ClimbStep => ({
        rollouts: (isNew ? scored.length : 0) + (trial?.after.length ?? 0),
        rewards: rewardsOf([...(isNew ? scored : []), ...(trial?.after ?? [])]),
        proposals,
        parent,
        before: isNew ? before : [],
        tasks,
        trial,
      });
      const failures = before.filter(({ scored: rollout }) => isFailure(rollout));
      if (failures.length === 0) return end([]);
      const wanted = chooseOperator(steps++, sample);
      const { proposals, edited } = await propose(context, {
        parent,
        statements: statementsOf(trainedText(parent)),
        failures: failures
          .slice(0, SHOWN)
          .map(({ task, scored: rollout }) => ({ task: context.train[task] as Task, scored: rollout })),
        passes: [],
        useless: [],
        sample,
        mode: wanted,
      });
      const revised = revise(trainedText(parent), proposals.filter(isAllowed(parent)), isSame);
      // An editor that loses a placeholder may still have written the right sentences.
      const drafts = [
        ...(edited === undefined ? [] : [{ operator: wanted, text: edited }]),
        { operator: 'edit', text: revised } as const,
      ];
      const tried = await submitFirst(drafts, {
        parents: [parent],
        iteration,
        critique: [...new Set(proposals.map(({ critique }) => critique))].join('\n') || null,
        evidence: failures.map(({ scored: rollout }) => rollout.rollout.id),
      });
      if (tried === undefined) {
        operators[wanted].lost++;
        return end(proposals);
      }
      const { operator, child } = tried;
      const other = known.get(child.id) ?? admit(child, { parent, prompt: child, proposals }, { parent: one.index });
      const { scored: after } = await run(other, tasks, iteration);
      const isBetter = beliefs.value(other.index) > beliefs.value(one.index);
      operators[operator][isBetter ? 'won' : 'lost']++;
      return end(proposals, { child, after });
    },
  };
}

type Batch = { readonly tasks: readonly number[]; readonly scored: readonly ScoredRollout[]; isRead: boolean };

type Known = Omit<Whole, 'value'> & {
  readonly index: number;
  proven: number;
  readonly batches: Batch[];
};

/** A draw from a beta distribution with whole parameters: the k-th smallest of n uniform numbers. */
function beta(random: Random, { won, lost }: { readonly won: number; readonly lost: number }): number {
  const drawn = Array.from({ length: won + lost - 1 }, () => random.next()).sort((a, b) => a - b);
  return drawn[won - 1] as number;
}

const isFailure = (scored: ScoredRollout): boolean => (rewardOf(scored) ?? 1) < PASSED;
const PASSED = 0.999;
