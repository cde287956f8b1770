import { createPrompt, type Prompt, SYSTEM } from '../../core/prompt.ts';

/** The component that is trained: the system prompt, or the first where there is none. The others stay as they are. */
function trainedComponent({ components }: Prompt): string {
  return Object.hasOwn(components, SYSTEM) ? SYSTEM : (Object.keys(components)[0] ?? SYSTEM);
}

export function trainedText(prompt: Prompt): string {
  return prompt.components[trainedComponent(prompt)] ?? '';
}

export function withTrainedText(prompt: Prompt, text: string): Prompt {
  return createPrompt({ ...prompt.components, [trainedComponent(prompt)]: text });
}
