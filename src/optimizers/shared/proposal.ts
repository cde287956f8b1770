import { createPrompt, type Prompt } from '../../core/prompt.ts';
import type { Candidate, OptimizerContext } from '../optimizer.ts';
import { promptFromReply } from './reply.ts';

/** The component that is worked on in a turn: they take turns, as in GEPA's round robin. */
export function componentAt(prompt: Prompt, turn: number): { readonly name: string; readonly text: string } {
  const names = Object.keys(prompt.components);
  const name = names[turn % names.length] ?? '';
  return { name, text: prompt.components[name] ?? '' };
}

export function withComponent(prompt: Prompt, name: string, text: string): Prompt {
  return createPrompt({ ...prompt.components, [name]: text });
}

export function addStart(context: OptimizerContext): Promise<void> {
  return context.addCandidate({
    prompt: context.start,
    parents: [],
    iteration: 0,
    operator: 'start',
    critique: null,
    evidence: [],
    rejected: null,
  });
}

export type Draft = {
  /** What the editor said; undefined when it failed. */
  readonly reply: string | undefined;
  /** The first is the one that is edited. */
  readonly parents: readonly [Prompt, ...Prompt[]];
  readonly component: string;
} & Pick<Candidate, 'iteration' | 'ordinal' | 'operator' | 'critique' | 'evidence'>;

/** Turns an editor's reply into a stored candidate; undefined when it is none, says nothing new or is rejected. */
export async function submit(context: OptimizerContext, draft: Draft): Promise<Prompt | undefined> {
  const { reply, parents, component, ...rest } = draft;
  const [parent] = parents;
  const text = promptFromReply(reply ?? '');
  if (text === '' || text === parent.components[component]) return undefined;
  return submitPrompt(context, { prompt: withComponent(parent, component, text), parents, ...rest });
}

/** A candidate that the gate has not seen yet. */
export type Submission = Omit<Candidate, 'parents' | 'rejected'> & {
  /** The first is the one that was edited. */
  readonly parents: readonly [Prompt, ...Prompt[]];
};

/** Stores it either way; undefined when the gate rejects it. */
export async function submitPrompt(context: OptimizerContext, candidate: Submission): Promise<Prompt | undefined> {
  const { prompt, parents } = candidate;
  const rejected = context.reject(prompt, parents[0]) ?? null;
  await context.addCandidate({ ...candidate, parents: parents.map(({ id }) => id), rejected });
  return rejected === null ? prompt : undefined;
}
