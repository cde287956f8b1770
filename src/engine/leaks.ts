import { type Canaries, type CanaryRole, plantCanary } from '../core/canaries.ts';
import type { Message } from '../core/message.ts';
import { type Spotlights, spotlight, unmarked } from '../core/spotlight.ts';

/** Model outputs that were dropped because a planted canary stood in them. */
export type LeakCounts = { readonly [role in CanaryRole]: number };

/** Prepares requests that carry foreign text: plants canaries, counts the replies in which they come back, and spotlights. */
export type LeakGuard = {
  plant(role: CanaryRole, messages: readonly Message[]): readonly Message[];
  /** A reply as its model would have written it without a spotlight. */
  read(role: CanaryRole, text: string): string;
  /** Whether a reply must not be used. */
  isLeak(text: string): boolean;
  count(role: CanaryRole): void;
  counts(): LeakCounts;
};

/** Without canaries nothing is planted and nothing leaks; without spotlights fenced data stands as it is. */
export function createLeakGuard(canaries: Canaries | undefined, spotlights: Spotlights = {}): LeakGuard {
  const counts = { grader: 0, critic: 0, editor: 0 };
  const all = Object.values(canaries ?? {});
  return {
    plant(role, messages) {
      const planted = canaries === undefined ? messages : plantCanary(messages, canaries[role]);
      return spotlight(planted, spotlights[role]);
    },
    read: (role, text) => unmarked(text, spotlights[role]),
    isLeak: (text) => all.some((canary) => text.toLowerCase().includes(canary)),
    count(role) {
      counts[role] += 1;
    },
    counts: () => ({ ...counts }),
  };
}
