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
  const component = componentAt(parent, round - 1);
  const base = { component: component.name, iteration: round };
  const sample = (gradient: number, step: number, copy: number): number =>
    (((round * 100 + index) * 100 + gradient) * 100 + step) * 100 + copy;

  const slots = slotsOf(options, errors.length > 0);
  const kept = context.random('children', round, index).shuffle(slots).slice(0, children);
  const wanted = new Map<number, Slot[]>();
  for (const slot of kept) wanted.set(slot.gradient, [...(wanted.get(slot.gradient) ?? []), slot]);

  let critique = '';
  const paraphrase = (prompt: Prompt, [gradient, step, copy]: readonly [number, number, number]) =>
    context
      .ask('editor', paraphraseRequest(prompt.components[component.name] ?? ''), sample(gradient, step, copy))
      .then((reply) =>
        submit(context, { ...base, reply, parents: [prompt], operator: 'paraphrase', critique: null, evidence: [] }),
      );

  const families = await allInOrder(
    [...wanted].map(async ([gradient, own]) => {
      if (gradient === 0) return allInOrder(own.map(({ step, copy }) => paraphrase(parent, [gradient, step, copy])));
      const random = context.random('errors', round, index, gradient);
      const shown = random.shuffle(errors).slice(0, options.errorsPerGradient);
      const said = (
        await context.ask('critic', gradientRequest(component.text, shown), sample(gradient, 0, 0))
      )?.trim();
      if (said === undefined || said === '') return [];
      const found = withoutQuotations(said, shown, context.train, component.text);
      critique = critique === '' ? found : critique;
      const steps = [...new Set(own.map(({ step }) => step))];
      const families = await allInOrder(
        steps.map(async (step) => {
          const edit = await submit(context, {
            ...base,
            reply: await context.ask('editor', stepRequest(component.text, found), sample(gradient, step, 0)),
            parents: [parent],
            operator: 'edit',
            critique: found,
            evidence: shown.map(({ scored }) => scored.rollout.id),
          });
          if (edit === undefined) return [];
          const slots = own.filter((slot) => slot.step === step);
          const copies = slots
            .filter(({ copy }) => copy > 0)
            .map(({ copy }) => paraphrase(edit, [gradient, step, copy]));
          return [slots.some(({ copy }) => copy === 0) ? edit : undefined, ...(await allInOrder(copies))];
        }),
      );
      return families.flat();
    }),
  );
  return { children: families.flat().flatMap((child) => child ?? []), critique };
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
