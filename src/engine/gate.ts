import type { Prompt } from '../core/prompt.ts';
import type { Task } from '../core/task.ts';

export type GateParts = { readonly start: Prompt; readonly protectedTexts: readonly string[]; readonly tasks: readonly Task[] };

export function createGate(_parts: GateParts): (proposal: Prompt, parent: Prompt) => string | undefined {
  return (proposal) => (Object.values(proposal.components).some((text) => text.trim() === '') ? 'it is empty' : undefined);
}
