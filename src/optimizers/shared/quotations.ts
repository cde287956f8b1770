import { conversationTexts, type Task } from '../../core/task.ts';
import { stretches, unitsOf } from '../../core/text-copies.ts';
import { byVoice, createVoiceCounts, LEAST_VOICES, type VoiceCounts } from '../../core/voice-counts.ts';
import type { Evidence } from './evidence.ts';

/** So many characters in a row are a quotation, of whatever case and white space, */
const QUOTED = 20;
/** when they are more words than a name for what the users ask about: a critic has to say what it speaks of. */
const QUOTED_WORDS = 6;
/** Stands where a quotation was. */
export const LEFT_OUT = '[quotation left out]';

/**
 * A critique as an editor may read it: the critic reads conversations, the editor what the critic found. One that quotes
 * them would carry on whatever somebody wrote there (reliability.md I04). What {@link LEAST_VOICES} independent
 * conversations have in common (a format, a standing phrase) is no quotation.
 * @param read what the critic was shown
 * @param own texts whose words may stay: the prompt
 */
export function withoutQuotations(
  critique: string,
  read: readonly Evidence[],
  train: readonly Task[],
  own: string,
): string {
  const { text, places } = flatten(critique);
  const shown = read.flatMap(shownTexts).map((said) => flatten(said).text);
  const mine = flatten(own).text;
  const counts = countsOf(train);
  const runs: { readonly from: number; to: number }[] = [];
  for (const { hash, start } of stretches(text.split(''), QUOTED)) {
    const stretch = text.slice(start, start + QUOTED);
    if (!shown.some((said) => said.includes(stretch))) continue;
    if (mine.includes(stretch) || counts.of(hash) >= LEAST_VOICES) continue;
    const last = runs.at(-1);
    if (last !== undefined && start <= last.to) last.to = start + QUOTED;
    else runs.push({ from: start, to: start + QUOTED });
  }
  let result = '';
  let end = 0;
  for (const { from, to } of runs) {
    if (unitsOf(text.slice(from, to)).length < QUOTED_WORDS) continue;
    result += `${critique.slice(end, places[from])}${LEFT_OUT}`;
    end = places[to] ?? critique.length;
  }
  return result + critique.slice(end);
}

/** What others than the agent wrote into a rollout. */
function shownTexts({ task, scored }: Evidence): readonly string[] {
  const results = scored.rollout.events.flatMap((event) => (event.type === 'tool_result' ? [event.content] : []));
  return [...conversationTexts(task), ...results];
}

/** In lower case, with one space for each run of white space; `places` leads back, unit by unit. */
function flatten(text: string): { readonly text: string; readonly places: readonly number[] } {
  const units: string[] = [];
  const places: number[] = [];
  for (let index = 0; index < text.length; index++) {
    const unit = text[index] ?? '';
    const isSpace = /\s/.test(unit);
    if (isSpace && units.at(-1) === ' ') continue;
    const lower = unit.toLowerCase();
    units.push(isSpace ? ' ' : lower.length === 1 ? lower : unit);
    places.push(index);
  }
  return { text: units.join(''), places };
}

/** Enough to tell what is common, and little enough to count in a fraction of a second. */
const COUNTED_CHARACTERS = 1_000_000;

const known = new WeakMap<readonly Task[], VoiceCounts>();

function countsOf(train: readonly Task[]): VoiceCounts {
  const before = known.get(train);
  if (before !== undefined) return before;
  const counts = createVoiceCounts();
  let left = COUNTED_CHARACTERS;
  byVoice(train).forEach((tasks, voice) => {
    for (const said of tasks.flatMap(conversationTexts)) {
      const text = flatten(said.slice(0, Math.max(0, left))).text;
      left -= said.length;
      for (const { hash } of stretches(text.split(''), QUOTED)) counts.add(hash, voice);
    }
  });
  known.set(train, counts);
  return counts;
}
