import { ApoError } from '../../core/errors.ts';
import type { Prompt } from '../../core/prompt.ts';

/** All that can be known about a prompt whose placeholders another program fills. */
export function checkNotEmpty(prompt: Prompt): void {
  if (Object.values(prompt.components).every((text) => text.trim() === '')) {
    throw new ApoError('prompt-invalid', 'prompt is empty', { hint: 'give the prompt a text' });
  }
}
