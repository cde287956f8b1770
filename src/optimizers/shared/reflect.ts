import { placeholdersOf } from '../../core/prompt.ts';
import type { AskRequest } from '../optimizer.ts';
import { type Evidence, evidenceTexts, renderEvidence } from './evidence.ts';
import { createFence } from './fence.ts';
import { editorMessages, keepPlaceholders } from './templates.ts';

/** Characters of one text of an example. */
const MAX_CHARACTERS = 4000;

/** One call that is critic and editor: the text, what came of it with feedback, and a new text for an answer. */
export function reflectionRequest(text: string, evidence: readonly Evidence[], temperature: number): AskRequest {
  const fence = createFence([text, ...evidence.flatMap(evidenceTexts)]);
  const examples = evidence.map((item) => renderEvidence(item, { maxCharacters: MAX_CHARACTERS, fence })).join('\n\n');
  return {
    messages: editorMessages(
      `## Current prompt\n${fence(text)}\n\n## Examples with feedback\n${examples}\n\n## Your job\n` +
        'Read what the agent was given, what it answered and what the grader said. Work out what the tasks ask for, what an ' +
        'agent has to know about this field to do them, and which ways of working succeed. Then write a new prompt that says ' +
        `all of it, so that the agent does well on tasks that it has not seen.${keepPlaceholders(placeholdersOf(text))}\n`,
    ),
    temperature,
  };
}
