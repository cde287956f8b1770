import type { LabelledSample, ReferencedSample, TrainingSample } from '../exporter.ts';
import { createExtremes, questionOf } from './extremes.ts';
import { answerOf } from './render.ts';
import type { Tally } from './report.ts';
import type { Taken } from './samples.ts';
import type { SampleSource, SelectOptions } from './source.ts';

/** Samples to learn from or to look at; what is left out is counted. */
export async function* samplesOf(
  source: SampleSource,
  purpose: 'sft' | 'trajectory' | 'csv',
  options: SelectOptions,
  tally: Tally,
): AsyncIterable<TrainingSample> {
  for await (const taken of source.read()) {
    tally.record();
    const reason = refusal(taken, purpose, options);
    if (reason !== undefined) tally.leaveOut(reason);
    else if (taken.ok) yield taken.sample;
  }
}

function refusal(
  taken: Taken,
  purpose: 'sft' | 'trajectory' | 'csv' | 'kto',
  options: SelectOptions,
): string | undefined {
  if (!taken.ok) return taken.reason;
  const { sample } = taken;
  if (purpose === 'sft' && sample.status !== 'ok') return sample.status;
  if (purpose !== 'csv' && sample.status === 'failed') return 'failed';
  const { minScore, maxScore } = options;
  const scoreNeeded = minScore !== undefined || maxScore !== undefined || purpose === 'kto' || purpose === 'trajectory';
  if (sample.score === null) return scoreNeeded ? 'no score' : undefined;
  if (minScore !== undefined && sample.score < minScore) return 'score below --min-score';
  if (maxScore !== undefined && sample.score > maxScore) return 'score above --max-score';
  return undefined;
}

/** Answers with a label: good from `goodScore` on. A corrected answer is a bad one beside its correction. */
export async function* labelledOf(
  source: SampleSource,
  options: SelectOptions,
  tally: Tally,
): AsyncIterable<LabelledSample> {
  for await (const taken of source.read()) {
    tally.record();
    const reason = refusal(taken, 'kto', options);
    if (reason !== undefined) tally.leaveOut(reason);
    else if (taken.ok) {
      const { sample, corrected } = taken;
      yield { ...sample, label: (sample.score ?? 0) >= options.goodScore };
      if (corrected !== undefined) {
        const messages = [...sample.messages.slice(0, sample.answerAt), ...corrected];
        yield { ...sample, messages, score: 0, label: false };
      }
    }
  }
}

/**
 * Prompts with a reference answer, one for each question: the known reference, or else the best answer that anybody
 * gave, if it was good.
 */
export async function* referencedOf(
  source: SampleSource,
  options: SelectOptions,
  tally: Tally,
): AsyncIterable<ReferencedSample> {
  const best = createExtremes();
  for await (const taken of source.read()) if (taken.ok && taken.sample.status === 'ok') best.add(taken.sample);
  const seen = new Set<string>();
  for await (const taken of source.read()) {
    tally.record();
    const reason = taken.ok ? referenceRefusal(taken.sample, options) : taken.reason;
    if (reason !== undefined || !taken.ok) {
      tally.leaveOut(reason ?? '');
      continue;
    }
    const { sample } = taken;
    const question = questionOf(sample);
    const top = best.get().get(question)?.best;
    if (seen.has(question)) tally.leaveOut('question is in the file already');
    else if (sample.expected !== null) {
      seen.add(question);
      yield { ...sample, reference: sample.expected };
    } else if (top === undefined || top.score < options.goodScore) tally.leaveOut('no reference answer');
    else if (top.id !== sample.id) tally.leaveOut('not the best answer to its question');
    else {
      seen.add(question);
      yield { ...sample, reference: answerOf(sample).at(-1)?.content ?? '' };
    }
  }
}

/** A failed attempt still shows its question; an answer that counts as the reference has to be sound by itself. */
function referenceRefusal(sample: TrainingSample, { minScore, maxScore }: SelectOptions): string | undefined {
  if (sample.expected === null && sample.status !== 'ok') return sample.status;
  if (minScore !== undefined && (sample.score ?? -1) < minScore) return 'score below --min-score';
  if (maxScore !== undefined && (sample.score ?? 2) > maxScore) return 'score above --max-score';
  return undefined;
}
