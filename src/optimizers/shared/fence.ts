import { nonceOf } from '../../core/fence.ts';

/**
 * Puts untrusted text between `<data-{nonce}>` tags for critics and editors. The text stands there as it is, so that a
 * model reads it as its author wrote it; it cannot close the block, because it would have to contain a hash over itself.
 * `content` is what is fenced in one request, without anything that differs between equal runs (times, run ids).
 */
export function createFence(content: readonly string[]): (text: string) => string {
  const nonce = nonceOf('critic and editor', content);
  return (text) => `<data-${nonce}>\n${text.replaceAll(nonce, '-')}\n</data-${nonce}>`;
}
