import { z } from 'zod';
import { allInOrder } from '../core/async.ts';
import { createPrompt, type Prompt, placeholdersOf, promptText } from '../core/prompt.ts';
import { type ScoredRollout, scoreOf } from '../core/rollout.ts';
import type { Task } from '../core/task.ts';
import type { Optimizer, OptimizerContext, Outcome, Trial } from './optimizer.ts';
import { createBatches } from './shared/batches.ts';
import { evidenceTexts } from './shared/evidence.ts';
import { createFence } from './shared/fence.ts';
import { addStart, submitPrompt } from './shared/proposal.ts';
import { withoutQuotations } from './shared/quotations.ts';
import { headline, promptFromReply } from './shared/reply.ts';
import { CRITIC_TEMPLATES, critiqueRequest, EDITOR_TEMPLATES, editRequest } from './shared/templates.ts';
import { createFreshTrials } from './shared/trials.ts';

/**
 * Beam search with textual gradients: the loop of APO in Microsoft's agent-lightning v0.3 (after ProTeGi, arXiv 2305.03495,
 * and TextGrad, arXiv 2406.07496), with its parameters, defaults and call counts. Nothing is cached, as there: each
 * evaluation is a new sample. Two things differ on purpose: a proposal that loses a placeholder is rejected before it
 * costs a rollout, and a rollout that failed for technical reasons has no score instead of 0.
 */
export const options = z.strictObject({
  /** Prompts kept after each round (W). Default 4. */
  beamWidth: z.int().positive().default(4),
  /** Children of each kept prompt (B). Default 4. */
  branchFactor: z.int().positive().default(4),
  /** Training tasks that one critique reads (g). Default 4. */
  gradientBatch: z.int().positive().default(4),
  /** Validation tasks that rank the candidates of a round (v). Default 16. */
  validationBatch: z.int().positive().default(16),
});

type Options = z.output<typeof options>;
type Scored = { readonly prompt: Prompt; readonly score: number };

export default function createBeam(settings: Options): Optimizer {
  const { beamWidth: W, branchFactor: B, gradientBatch, validationBatch } = settings;
  return {
    name: 'beam',
    defaultIterations: 3,
    forecast({ train, val, iterations: R, maxRollouts }) {
      const g = Math.min(gradientBatch, train);
      const v = Math.min(validationBatch, val);
      const rollouts = (R + 1) * val + R * W * B * g + v * (R * W * B + 1 + (R - 1) * W);
      const perRound = (rollouts - val) / R;
      const rounds = Math.min(R, Math.ceil(Math.max(0, maxRollouts - val) / perRound));
      const firstRound = val + W * B * g + v * (W * B + 1);
      return {
        rollouts: Math.min(rollouts, maxRollouts),
        critiques: rounds * W * B,
        edits: rounds * W * B,
        note:
          maxRollouts < val + firstRound
            ? `the first round alone may take ${val + firstRound} rollouts: with fewer the start is all it may end with; set a smaller beamWidth or branchFactor`
            : `${rounds} rounds of up to ${Math.ceil(perRound)} rollouts`,
      };
    },
    run: (context) => search(settings, context),
  };
}

async function search(
  { beamWidth, branchFactor, gradientBatch, validationBatch }: Options,
  context: OptimizerContext,
): Promise<Outcome> {
  const { start, val, iterations } = context;
  const sampling = createSampling(context.train, val, context);
  await addStart(context);

  let baseline: readonly ScoredRollout[] = [];
  let best:
    | { readonly prompt: Prompt; readonly rollouts: readonly ScoredRollout[]; readonly score: number }
    | undefined;
  /** The leader of a round on all validation tasks: the best so far when nothing before it scored as high. */
  async function measure(prompt: Prompt, round: number, critique: string, before?: Promise<void>): Promise<void> {
    const rollouts = await context.evaluate(prompt, sampling.fresh(prompt, val), {
      iteration: round,
      split: 'val',
      label: round === 0 ? 'the starting prompt' : `round ${round}, best`,
      isUrgent: false,
    });
    await before;
    const previous = best?.prompt ?? start;
    if (round === 0) baseline = rollouts;
    if (best === undefined || scoreOf(rollouts) > best.score) best = { prompt, rollouts, score: scoreOf(rollouts) };
    context.keep({ best: best.prompt, baseline, final: best.rollouts });
    if (round > 0) context.report({ iteration: round, previous, best: best.prompt, score: best.score, critique });
  }

  let beam: readonly Prompt[] = [start];
  let measuring = measure(start, 0, '');
  measuring.catch(() => undefined);
  for (let round = 1; round <= iterations; round++) {
    const parents =
      beam.length < beamWidth
        ? Array.from({ length: beamWidth }, (_, index) => beam[index % beam.length] as Prompt)
        : context.random('parents', round).shuffle(beam);
    const branches = parents.flatMap((parent) => Array.from({ length: branchFactor }, () => parent));
    const minibatch = sampling.nextValBatch(validationBatch);
    const rank = async (prompt: Prompt): Promise<Scored> => {
      const rollouts = await context.evaluate(prompt, sampling.fresh(prompt, minibatch), {
        iteration: round,
        split: 'val',
        label: `round ${round}`,
      });
      return { prompt, score: scoreOf(rollouts) };
    };
    // What does not need each other overlaps: measuring the leader, making its children, ranking those that are there.
    const proposals = branches.map((parent, index) =>
      propose(context, sampling, parent, sampling.nextTrainBatch(gradientBatch), round, index),
    );
    const ranked = beam.map(rank);
    // In program order, so that the samples of equal children do not depend on what arrives first.
    let before: Promise<unknown> = Promise.resolve();
    const rankedChildren = proposals.map((proposal) => {
      const ready = Promise.all([proposal, before]);
      before = ready.catch(() => undefined);
      return ready.then(([{ prompt }]) => (prompt === undefined ? undefined : rank(prompt)));
    });
    const scored = await allInOrder([...ranked, ...rankedChildren]);
    // Array.sort is stable: ties favour the prompts that were there before.
    beam = scored
      .flatMap((one) => one ?? [])
      .sort((a, b) => b.score - a.score)
      .slice(0, beamWidth)
      .map(({ prompt }) => prompt);
    const children = await Promise.all(proposals);
    const critique = headline(children.find(({ critique }) => critique !== undefined)?.critique ?? '');
    measuring = measure(beam[0] as Prompt, round, critique, measuring);
    // It is waited for at the end; a round that fails first leaves it to the engine.
    measuring.catch(() => undefined);
  }
  await measuring;
  return { best: best?.prompt ?? start, baseline, final: best?.rollouts ?? baseline, reason: 'iterations' };
}

type Proposal = { readonly prompt?: Prompt; readonly critique?: string };

/** One textual gradient: rollouts of the parent, a critique of them, an edit by the critique. */
async function propose(
  context: OptimizerContext,
  sampling: Sampling,
  parent: Prompt,
  batch: readonly Task[],
  round: number,
  branch: number,
): Promise<Proposal> {
  const trials = sampling.fresh(parent, batch);
  const rollouts = await context.evaluate(parent, trials, {
    iteration: round,
    split: 'train',
    label: `round ${round}, gradient`,
  });
  const random = context.random('templates', round, branch);
  const text = promptText(parent);
  const evidence = rollouts.map((scored, index) => ({ task: (trials[index] as Trial).task, scored }));
  const critic = critiqueRequest({
    promptText: text,
    evidence,
    template: random.pick(CRITIC_TEMPLATES),
    fence: createFence(evidence.flatMap(evidenceTexts)),
  });
  const sample = round * 1000 + branch;
  const said = (await context.ask('critic', critic, sample))?.trim();
  if (said === undefined || said === '') return {};
  const critique = withoutQuotations(said, evidence, context.train, text);
  const editor = editRequest({
    promptText: text,
    critique,
    template: random.pick(EDITOR_TEMPLATES),
    placeholders: placeholdersOf(text),
    fence: createFence([text, critique]),
  });
  const edited = promptFromReply((await context.ask('editor', editor, sample)) ?? '');
  if (edited === '' || edited === text) return { critique };
  const prompt = await submitPrompt(context, {
    prompt: createPrompt(edited),
    parents: [parent],
    iteration: round,
    ordinal: branch,
    operator: 'edit',
    critique,
    evidence: rollouts.map(({ rollout }) => rollout.id),
  });
  return prompt === undefined ? { critique } : { prompt, critique };
}

type Sampling = {
  /** The tasks with the next unused sample number of this prompt. Called in program order only. */
  fresh(prompt: Prompt, tasks: readonly Task[]): Trial[];
  nextTrainBatch(size: number): readonly Task[];
  nextValBatch(size: number): readonly Task[];
};

function createSampling(train: readonly Task[], val: readonly Task[], context: OptimizerContext): Sampling {
  return {
    fresh: createFreshTrials(),
    nextTrainBatch: createBatches(train, 'train', context),
    nextValBatch: createBatches(val, 'val', context),
  };
}
