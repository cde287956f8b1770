import { groupOf, type Task } from './task.ts';

/** Independent conversations that have to say something before it counts (reliability.md I05, k). */
export const LEAST_VOICES = 3;
/** Attackers may be several: a wish counts only when this share of all conversations has it. */
const COMMON_SHARE = 0.2;

/** How many of `voices` independent conversations make a wording common. With very few, half of them. */
export function voicesNeeded(voices: number): number {
  return Math.min(Math.max(LEAST_VOICES, Math.ceil(COMMON_SHARE * voices)), Math.ceil(voices / 2));
}

/** The tasks of each voice: a user is one however often he writes, and so is a conversation however many turns it has. */
export function byVoice(tasks: readonly Task[]): readonly (readonly Task[])[] {
  const voices = new Map<string, Task[]>();
  for (const task of tasks) {
    const user = task.metadata.user_id;
    const voice = typeof user === 'string' && user !== '' ? `user ${user}` : groupOf(task);
    const own = voices.get(voice);
    if (own === undefined) voices.set(voice, [task]);
    else own.push(task);
  }
  return [...voices.values()];
}

/** In how many voices a wording stands, by its hash. */
export type VoiceCounts = {
  /** To be called voice by voice, numbered from 0: however often a voice says something, it counts once. */
  add(hash: number, voice: number): void;
  of(hash: number): number;
};

/** Some 100 MB. What is met for the first time after that is not counted, and so not held against anybody. */
const MOST_WORDINGS = 2_000_000;
/** More voices than anybody has. */
const BASE = 2 ** 24;

export function createVoiceCounts(): VoiceCounts {
  /** The voice that was counted last times {@link BASE}, plus the count. */
  const entries = new Map<number, number>();
  return {
    add(hash, voice) {
      const entry = entries.get(hash);
      if (entry === undefined) {
        if (entries.size < MOST_WORDINGS) entries.set(hash, voice * BASE + 1);
      } else if (Math.floor(entry / BASE) !== voice) entries.set(hash, voice * BASE + (entry % BASE) + 1);
    },
    of: (hash) => (entries.get(hash) ?? 0) % BASE,
  };
}
