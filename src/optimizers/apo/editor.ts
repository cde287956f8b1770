import { statementsOf } from '../../core/statements.ts';
import type { AskRequest } from '../optimizer.ts';
import { promptFromReply } from '../shared/reply.ts';
import { EDITOR_RULE } from '../shared/templates.ts';
import { createRarity, overlap, wordsOf } from './words.ts';

export type EditorInput = {
  readonly prompt: string;
  readonly critique: string;
  readonly placeholders: readonly string[];
  readonly fence: (text: string) => string;
  /** `edit` adds what the critique asks for; `rewrite` writes the prompt anew as a whole with it. */
  readonly mode: 'edit' | 'rewrite';
};

const MODES = {
  edit: 'Improve the prompt by the critique. Keep every sentence that the critique does not object to, word for word; write each new instruction as a sentence of its own.',
  rewrite:
    'Write the prompt anew as one coherent, well-structured text: deal with every point of the critique, give the other instructions more clearly, drop nothing that matters, merge what says the same.',
} as const;

export function editorRequest({ prompt, critique, placeholders, fence, mode }: EditorInput): AskRequest {
  const keep =
    placeholders.length === 0
      ? ''
      : ` Keep these placeholders exactly: ${placeholders.map((name) => `{{${name}}}`).join(', ')}.`;
  return {
    messages: [
      {
        role: 'system',
        content: `You are the editor in a prompt training loop: you improve the prompt of an agent by a critique of it. ${EDITOR_RULE}`,
      },
      {
        role: 'user',
        content:
          `## Current prompt\n${fence(prompt)}\n\n## Critique\n${fence(critique)}\n\n## Your job\n${MODES[mode]}${keep}\n${EDITOR_RULE}\n` +
          'The prompt must work for all tasks of this kind: never copy names, numbers or answers of single tasks into it.\n' +
          'Answer with the complete new prompt between <prompt> and </prompt>, and nothing else.',
      },
    ],
    temperature: mode === 'edit' ? 0.3 : 0.7,
  };
}

/** The prompt in an editor's reply; '' when there is none. */
export { promptFromReply };

/** From this rarity-weighted overlap on, a sentence of the new prompt is one of the old ones; a rewrite words them anew. */
const UNCHANGED = { edit: 0.9, rewrite: 0.5 } as const;

/** Statements of the new prompt that the old one does not have: what the edit adds. */
export function newStatements(before: string, after: string, mode: EditorInput['mode'] = 'edit'): readonly string[] {
  const old = statementsOf(before).map((text) => ({ text, words: wordsOf(text) }));
  const added = statementsOf(after);
  const rarity = createRarity([...old.map(({ words }) => words), ...added.map(wordsOf)]);
  return added.filter((text) => {
    const words = wordsOf(text);
    return (
      words.size > 0 &&
      !old.some((known) => known.text === text || overlap(known.words, words, rarity) >= UNCHANGED[mode])
    );
  });
}
