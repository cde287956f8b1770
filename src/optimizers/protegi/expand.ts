import { allInOrder } from '../../core/async.ts';
import { type Prompt, placeholdersOf } from '../../core/prompt.ts';
import { rewardOf, type ScoredRollout } from '../../core/rollout.ts';
import type { Task } from '../../core/task.ts';
import type { AskRequest, OptimizerContext } from '../optimizer.ts';
import { type Evidence, evidenceTexts } from '../shared/evidence.ts';
import { createFence } from '../shared/fence.ts';
import { componentAt, submit } from '../shared/proposal.ts';
import { withoutQuotations } from '../shared/quotations.ts';
import { critiqueRequest, editorMessages, editRequest, keepPlaceholders } from '../shared/templates.ts';
import { firstTrials } from '../shared/trials.ts';
import type { ProtegiOptions } from './options.ts';

export type Expansion = { readonly children: readonly Prompt[]; readonly critique: string };

const ERRORS = {
  name: 'errors',
  instruction:
    'The agent got all of these wrong. Give the reasons why the prompt led it there: what the prompt does not say, says wrongly ' +
    'or leaves open. One bullet each, with the concrete change that would have prevented it.',
};
const STEP = {
  name: 'step',
  instruction:
    'Write a different, improved version of the prompt in which every problem that the critique names is solved.',
};

/** One prompt of the beam in one round, and the component of it that is worked on. */
type Branch = {
  readonly context: OptimizerContext;
  readonly parent: Prompt;
  readonly component: { readonly name: string; readonly text: string };
  readonly round: number;
  /** Of the prompt in the beam. */
  readonly index: number;
};

/**
 * The children of one prompt: edits by gradients on its errors, and paraphrases of the edits and of itself. Which of them
 * are kept is drawn first, so that nothing is asked for only to be thrown away.
 */
export async function expand(
  options: ProtegiOptions,
  context: OptimizerContext,
  parent: Prompt,
  batch: readonly Task[],
  at: { readonly round: number; readonly index: number; readonly children: number },
): Promise<Expansion> {
  const { round, index, children } = at;
  const purpose = { iteration: round, split: 'train', label: `round ${round}, errors` } as const;
  const rollouts = await context.evaluate(parent, firstTrials(batch), purpose);
  const errors = batch
    .map((task, place): Evidence => ({ task, scored: rollouts[place] as ScoredRollout }))
    .filter(({ scored }) => (rewardOf(scored) ?? 1) < 1);
  const slots = slotsOf(options, errors.length > 0);
  const kept = context.random('children', round, index).shuffle(slots).slice(0, children);
  const branch: Branch = { context, parent, component: componentAt(parent, round - 1), round, index };
  const families = await allInOrder(
    [...groupBy(kept, ({ gradient }) => gradient)].map(async ([gradient, own]): Promise<Family> => {
      if (gradient === 0) return { prompts: await paraphrases(branch, parent, own), critique: '' };
      const shuffled = context.random('errors', round, index, gradient).shuffle(errors);
      return editsByGradient(branch, gradient, own, shuffled.slice(0, options.errorsPerGradient));
    }),
  );
  return {
    children: families.flatMap(({ prompts }) => prompts.flatMap((prompt) => prompt ?? [])),
    critique: families.find(({ critique }) => critique !== '')?.critique ?? '',
  };
}

/** What came of one gradient; undefined stands for a reply that made no prompt. */
type Family = { readonly prompts: readonly (Prompt | undefined)[]; readonly critique: string };

/** One gradient on some errors of the parent, and the edits by it. */
async function editsByGradient(
  branch: Branch,
  gradient: number,
  slots: readonly Slot[],
  shown: readonly Evidence[],
): Promise<Family> {
  const { context, component } = branch;
  const request = gradientRequest(component.text, shown);
  const said = (await context.ask('critic', request, sampleOf(branch, { gradient, step: 0, copy: 0 })))?.trim();
  if (said === undefined || said === '') return { prompts: [], critique: '' };
  const critique = withoutQuotations(said, shown, context.train, component.text);
  const edited = await allInOrder(
    [...groupBy(slots, ({ step }) => step)].map(([step, own]) =>
      editWithCopies(branch, { gradient, step, copy: 0 }, own, { critique, shown }),
    ),
  );
  return { prompts: edited.flat(), critique };
}

/** An edit by a critique, if it is kept itself, and those of its paraphrases that are. */
async function editWithCopies(
  branch: Branch,
  at: Slot,
  slots: readonly Slot[],
  { critique, shown }: { readonly critique: string; readonly shown: readonly Evidence[] },
): Promise<readonly (Prompt | undefined)[]> {
  const { context, parent, component, round } = branch;
  const request = stepRequest(component.text, critique);
  const edit = await submit(context, {
    reply: await context.ask('editor', request, sampleOf(branch, at)),
    parents: [parent],
    component: component.name,
    iteration: round,
    ordinal: sampleOf(branch, at),
    operator: 'edit',
    critique,
    evidence: shown.map(({ scored }) => scored.rollout.id),
  });
  if (edit === undefined) return [];
  const copies = slots.filter(({ copy }) => copy > 0);
  return [copies.length < slots.length ? edit : undefined, ...(await paraphrases(branch, edit, copies))];
}

function paraphrases(branch: Branch, prompt: Prompt, slots: readonly Slot[]): Promise<readonly (Prompt | undefined)[]> {
  const { context, component, round } = branch;
  const request = paraphraseRequest(prompt.components[component.name] ?? '');
  return allInOrder(
    slots.map(async (slot) =>
      submit(context, {
        reply: await context.ask('editor', request, sampleOf(branch, slot)),
        parents: [prompt],
        component: component.name,
        iteration: round,
        ordinal: sampleOf(branch, slot),
        operator: 'paraphrase',
        critique: null,
        evidence: [],
      }),
    ),
  );
}

/** Tells the calls of a run apart: each part has two decimal digits. */
function sampleOf({ round, index }: Branch, { gradient, step, copy }: Slot): number {
  return [index, gradient, step, copy].reduce((sample, part) => sample * 100 + part, round);
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

/** Gradient 0 is the parent itself, copy 0 the edit itself. */
type Slot = { readonly gradient: number; readonly step: number; readonly copy: number };

function slotsOf({ gradients, stepsPerGradient, mcSamples }: ProtegiOptions, hasErrors: boolean): Slot[] {
  const copies = Array.from({ length: mcSamples }, (_, copy) => copy + 1);
  const edits = Array.from({ length: hasErrors ? gradients : 0 }, (_, gradient) =>
    Array.from({ length: stepsPerGradient }, (_, step) =>
      [0, ...copies].map((copy) => ({ gradient: gradient + 1, step: step + 1, copy })),
    ),
  );
  return [...edits.flat(2), ...copies.map((copy) => ({ gradient: 0, step: 0, copy }))];
}

function gradientRequest(promptText: string, evidence: readonly Evidence[]): AskRequest {
  const fence = createFence([promptText, ...evidence.flatMap(evidenceTexts)]);
  return critiqueRequest({ promptText, evidence, template: ERRORS, fence });
}

function stepRequest(promptText: string, critique: string): AskRequest {
  const fence = createFence([promptText, critique]);
  return editRequest({ promptText, critique, template: STEP, placeholders: placeholdersOf(promptText), fence });
}

function paraphraseRequest(promptText: string): AskRequest {
  const fence = createFence([promptText]);
  return {
    messages: editorMessages(
      `## Current prompt\n${fence(promptText)}\n\n## Your job\n` +
        `Paraphrase the prompt: other words, the same meaning.${keepPlaceholders(placeholdersOf(promptText))}\n`,
    ),
    temperature: 1,
  };
}
