import type { Prompt } from '../../core/prompt.ts';
import { withComponent } from '../shared/proposal.ts';

/** A task with an answer as it should be. */
export type Demonstration = {
  readonly taskId: string;
  readonly input: string;
  readonly answer: string;
  /** Set when the answer is the agent's own. */
  readonly rolloutId?: string;
};

/** The prompt with the demonstrations at its end. Text that would be read as a placeholder is left out of it. */
export function withDemonstrations(
  prompt: Prompt,
  component: string,
  demonstrations: readonly Demonstration[],
): Prompt {
  const usable = demonstrations.filter(({ input, answer }) => !`${input}${answer}`.includes('{{'));
  if (usable.length === 0) return prompt;
  const shown = usable.map(({ input, answer }) => `Input:\n${input}\nAnswer:\n${answer}`);
  const text = (prompt.components[component] ?? '').trimEnd();
  return withComponent(prompt, component, `${text}\n\nExamples of good answers:\n\n${shown.join('\n\n')}`);
}
