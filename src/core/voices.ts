import { recordedToolCalls, type Task } from './task.ts';
import { stretches, unitsOf } from './text-copies.ts';
import { byVoice, createVoiceCounts, voicesNeeded } from './voice-counts.ts';

/** Words of a user's whole sentence that are looked for anywhere in a proposal; longer ones are copies (see text-copies). */
const SENTENCE = { least: 6, most: 11 } as const;
/** A sentence of the proposal is a user's own when this share of its words stands in runs of so many words. */
const RUN = 3;
const OWN_SHARE = 0.75;

/**
 * No single voice (I05): what only few users wrote is no instruction for the agent of all of them, however well critic and
 * editor obeyed it. The same wish in other words is not found: `apo` tests it as a statement of its own, and it has no
 * effect; where whole prompts are scored it may ride along, and is seen in the difference before they are put to use (I09).
 */
export type Voices = {
  /** The first stretch of the text that repeats few users and does not stand in `own`; undefined when there is none. */
  find(text: string, own: string): string | undefined;
};

export function createVoices(tasks: readonly Task[]): Voices {
  const voices = byVoice(tasks);
  const needed = voicesNeeded(voices.length);
  const counts = createVoiceCounts();
  voices.forEach((own, voice) => {
    for (const words of own.flatMap(userTexts).flatMap(sentencesOf)) {
      for (const { hash } of stretches(words, RUN)) counts.add(hash, voice);
      if (words.length < SENTENCE.least || words.length > SENTENCE.most) continue;
      for (const { hash } of stretches(words, words.length)) counts.add(hash, voice);
    }
  });
  const isFew = (hash: number): boolean => {
    const count = counts.of(hash);
    return count > 0 && count < needed;
  };

  return {
    find(text, own) {
      const words = unitsOf(text);
      // Whatever repeats a user begins with a run that he wrote: of most proposals nothing is left to look at.
      const said = [...stretches(words, RUN)].filter(({ hash }) => counts.of(hash) > 0);
      if (needed < 2 || said.length === 0) return undefined;
      const ownWords = unitsOf(own);
      const ownText = ` ${ownWords.join(' ')} `;
      for (const { start } of said) {
        for (let length: number = SENTENCE.least; length <= SENTENCE.most; length++) {
          const sentence = words.slice(start, start + length);
          const found = [...stretches(sentence, length)].some(({ hash }) => isFew(hash));
          if (found && !ownText.includes(` ${sentence.join(' ')} `)) return sentence.join(' ');
        }
      }
      const mine = new Set([...stretches(ownWords, RUN)].map(({ hash }) => hash));
      return sentencesOf(text)
        .find((sentence) => shareOf(sentence, (hash) => isFew(hash) && !mine.has(hash)) >= OWN_SHARE)
        ?.join(' ');
    },
  };
}

/** Recorded answers of the assistant are left out: they show how it should speak. */
function userTexts(task: Task): readonly string[] {
  return [
    task.input,
    ...task.context.filter(({ role }) => role !== 'assistant').map(({ content }) => content),
    ...recordedToolCalls(task).map(({ result }) => result),
  ];
}

function sentencesOf(text: string): readonly (readonly string[])[] {
  return text.split(/[\n.!?:;"\u201c\u201d\u3002\uff01\uff1f]+/).map(unitsOf);
}

/** The share of a sentence's words that stand in foreign runs. */
function shareOf(words: readonly string[], isForeign: (hash: number) => boolean): number {
  let covered = 0;
  let end = 0;
  for (const { hash, start } of stretches(words, RUN)) {
    if (!isForeign(hash)) continue;
    covered += start + RUN - Math.max(start, end);
    end = start + RUN;
  }
  return words.length === 0 ? 0 : covered / words.length;
}
