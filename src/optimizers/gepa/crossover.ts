import { placeholdersOf } from '../../core/prompt.ts';
import type { AskRequest } from '../optimizer.ts';
import { createFence } from '../shared/fence.ts';
import { editorMessages, keepPlaceholders } from '../shared/templates.ts';

/** Text crossover: one prompt out of two that win different tasks. */
export function crossoverRequest(text: string, other: string, temperature: number): AskRequest {
  const fence = createFence([text, other]);
  return {
    messages: editorMessages(
      `## Current prompt\n${fence(text)}\n\n## Advice of another prompt that does better on other tasks\n${fence(other)}\n\n` +
        '## Your job\nWrite one new prompt that combines both: keep what each of them says that the other does not, say once ' +
        `what both say, and where they contradict each other decide for one.${keepPlaceholders(placeholdersOf(text))}\n`,
    ),
    temperature,
  };
}
