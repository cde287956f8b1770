import { fenceText, nonceOf } from '../../core/fence.ts';

/**
 * Puts untrusted text between `<data-{nonce}>` tags for critics and editors, see {@link fenceText}.
 * `content` is what is fenced in one request, without anything that differs between equal runs (times, run ids).
 */
export function createFence(content: readonly string[]): (text: string) => string {
  const nonce = nonceOf('critic and editor', content);
  return (text) => fenceText(text, nonce);
}
