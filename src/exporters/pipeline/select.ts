import { hashOf } from '../../core/json.ts';
import type { LabelledSample, ReferencedSample, TrainingSample } from '../exporter.ts';
import { answerOf } from '../shared/render.ts';
import { createExtremes, type ExtremesByQuestion, questionOf } from './extremes.ts';
import { findBeginnings } from './longest.ts';
import type { Tally } from './report.ts';
import type { Taken } from './samples.ts';
import { createSeen } from './scratch.ts';
import type { SampleSource, SelectOptions } from './source.ts';

/** Samples to learn from or to look at; what is left out is counted. */
export async function* samplesOf(
  source: SampleSource,
  purpose: 'sft' | 'trajectory' | 'csv',
  options: SelectOptions,
  tally: Tally,
): AsyncIterable<TrainingSample> {
  const beginnings = options.longest === true ? await findBeginnings(taken()) : undefined;
  try {
    for await (const sample of taken(tally)) {
      if (beginnings?.has(sample) === true) tally.leaveOut('a longer conversation begins with it');
      else yield sample;
    }
  } finally {
    beginnings?.close();
  }

  async function* taken(counts?: Tally): AsyncIterable<TrainingSample> {
    for await (const record of source.read()) {
      counts?.record();
      const reason = refusal(record, purpose, options);
      if (reason !== undefined) counts?.leaveOut(reason);
      else if (record.ok) yield record.sample;
    }
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
  const extremes = createExtremes();
  const seen = createSeen();
  try {
    for await (const taken of source.read()) if (taken.ok && taken.sample.status === 'ok') extremes.add(taken.sample);
    for await (const taken of source.read()) {
      tally.record();
      const refusal = taken.ok ? referenceRefusal(taken.sample, options) : taken.reason;
      if (refusal !== undefined || !taken.ok) {
        tally.leaveOut(refusal ?? '');
        continue;
      }
      const question = hashOf(questionOf(taken.sample));
      const referenced = seen.has(question)
        ? 'question is in the file already'
        : referenceOf(taken.sample, extremes, options);
      if (typeof referenced === 'string') tally.leaveOut(referenced);
      else {
        seen.add(question);
        yield referenced;
      }
    }
  } finally {
    extremes.close();
    seen.close();
  }
}

/** The sample with its reference, or why it has none. */
function referenceOf(
  sample: TrainingSample,
  extremes: ExtremesByQuestion,
  options: SelectOptions,
): ReferencedSample | string {
  if (sample.expected !== null) return { ...sample, reference: sample.expected };
  const top = extremes.get(questionOf(sample))?.best;
  if (top === undefined || top.score < options.goodScore) return 'no reference answer';
  if (top.id !== sample.id) return 'not the best answer to its question';
  return { ...sample, reference: answerOf(sample).at(-1)?.content ?? '' };
}

/** A failed attempt still shows its question; an answer that counts as the reference has to be sound by itself. */
function referenceRefusal(sample: TrainingSample, { minScore, maxScore }: SelectOptions): string | undefined {
  if (sample.expected === null && sample.status !== 'ok') return sample.status;
  if (minScore !== undefined && (sample.score ?? -1) < minScore) return 'score below --min-score';
  if (maxScore !== undefined && (sample.score ?? 2) > maxScore) return 'score above --max-score';
  return undefined;
}
