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

const FIRST_SLOTS = 2 ** 12;
/** 128 MB, for some 6 million wordings; what is met for the first time after that is not held against anybody. */
const MOST_SLOTS = 2 ** 23;
const FULL = 0.7;

/** An open-addressing table in typed arrays: a Map of as many numbers needs four times the memory. */
export function createVoiceCounts(): VoiceCounts {
  let slots = FIRST_SLOTS;
  let keys = new Float64Array(slots);
  let counts = new Uint32Array(slots);
  /** The voice that was counted last. */
  let last = new Uint32Array(slots);
  let size = 0;

  /** The slot of a hash, or the free one where it belongs: a count of 0. */
  function slotOf(hash: number): number {
    let slot = hash % slots;
    while ((counts[slot] as number) > 0 && keys[slot] !== hash) slot = (slot + 1) % slots;
    return slot;
  }

  function grow(): void {
    const old = { keys, counts, last };
    slots *= 2;
    keys = new Float64Array(slots);
    counts = new Uint32Array(slots);
    last = new Uint32Array(slots);
    old.counts.forEach((count, index) => {
      if (count === 0) return;
      const slot = slotOf(old.keys[index] as number);
      keys[slot] = old.keys[index] as number;
      counts[slot] = count;
      last[slot] = old.last[index] as number;
    });
  }

  return {
    add(hash, voice) {
      let slot = slotOf(hash);
      if (counts[slot] === 0) {
        if (size >= FULL * slots) {
          if (slots >= MOST_SLOTS) return;
          grow();
          slot = slotOf(hash);
        }
        size += 1;
        keys[slot] = hash;
      } else if (last[slot] === voice) return;
      last[slot] = voice;
      counts[slot] = (counts[slot] as number) + 1;
    },
    of: (hash) => counts[slotOf(hash)] as number,
  };
}
