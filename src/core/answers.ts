import { expectedAnswers, type Task } from './task.ts';
import { stretches, unitsOf } from './text-copies.ts';
import { byVoice, createVoiceCounts, LEAST_VOICES } from './voice-counts.ts';

/** Words of a whole answer that is looked for; shorter ones are labels and formats, longer ones are copies (see text-copies). */
const ANSWER = { least: 5, most: 11 } as const;

/**
 * Answers learnt by heart: a prompt that holds the expected answer of a training task gets that task right and no other, so
 * its score in training says nothing. An answer that {@link LEAST_VOICES} conversations share is a standing reply.
 */
export type Answers = {
  /** The first whole answer of few conversations in the text that does not stand in `own`; undefined when there is none. */
  find(text: string, own: string): string | undefined;
};

export function createAnswers(tasks: readonly Task[]): Answers {
  const voices = byVoice(tasks);
  const needed = Math.min(LEAST_VOICES, Math.ceil(voices.length / 2));
  const counts = createVoiceCounts();
  voices.forEach((own, voice) => {
    for (const expected of own.flatMap(expectedAnswers)) {
      const words = unitsOf(expected);
      if (words.length < ANSWER.least || words.length > ANSWER.most) continue;
      for (const { hash } of stretches(words, words.length)) counts.add(hash, voice);
    }
  });

  return {
    find(text, own) {
      const words = unitsOf(text);
      const ownText = ` ${unitsOf(own).join(' ')} `;
      for (let length: number = ANSWER.least; length <= ANSWER.most; length++) {
        for (const { hash, start } of stretches(words, length)) {
          const count = counts.of(hash);
          if (count === 0 || count >= needed) continue;
          const answer = words.slice(start, start + length).join(' ');
          if (!ownText.includes(` ${answer} `)) return answer;
        }
      }
      return undefined;
    },
  };
}
