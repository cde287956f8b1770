import { type Canaries, type CanaryRole, plantCanary } from '../core/canaries.ts';
import type { Message } from '../core/message.ts';

/** Model outputs that were dropped because a planted canary stood in them. */
export type LeakCounts = { readonly [role in CanaryRole]: number };

/** Plants canaries in requests and counts the replies in which they come back. */
export type LeakGuard = {
  plant(role: CanaryRole, messages: readonly Message[]): readonly Message[];
  /** Whether a reply must not be used. */
  isLeak(text: string): boolean;
  count(role: CanaryRole): void;
  counts(): LeakCounts;
};

/** Without canaries nothing is planted and nothing leaks. */
export function createLeakGuard(canaries: Canaries | undefined): LeakGuard {
  const counts = { grader: 0, critic: 0, editor: 0 };
  const all = Object.values(canaries ?? {});
  return {
    plant: (role, messages) => (canaries === undefined ? messages : plantCanary(messages, canaries[role])),
    isLeak: (text) => all.some((canary) => text.toLowerCase().includes(canary)),
    count(role) {
      counts[role] += 1;
    },
    counts: () => ({ ...counts }),
  };
}
