import { conversationTexts, type Task } from '../../core/task.ts';
import { type CopyIndex, createCopyIndex } from '../../core/text-copies.ts';

const indexes = new WeakMap<readonly Task[], CopyIndex>();

/**
 * A critique as an editor may read it: the critic reads conversations, the editor what the critic found. One that quotes
 * them at length would carry on whatever somebody wrote there (reliability.md I04).
 * @param own texts whose words may stay: the prompt
 */
export function withoutQuotations(critique: string, train: readonly Task[], own: string): string {
  let index = indexes.get(train);
  if (index === undefined) {
    index = createCopyIndex(train.flatMap(conversationTexts));
    indexes.set(train, index);
  }
  return index.strike(critique, own);
}
