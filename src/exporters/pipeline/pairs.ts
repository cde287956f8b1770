import type { PreferencePair, TrainingSample } from '../exporter.ts';
import { answerOf, promptOf } from '../shared/render.ts';
import { coverTools } from '../shared/tools.ts';
import { createExtremes, type Extremes, type ExtremesByQuestion, questionOf } from './extremes.ts';
import type { Tally } from './report.ts';
import type { SampleSource, SelectOptions } from './source.ts';

/**
 * Preference pairs: the best against the worst answer to one question, an answer against the one that it replaced when
 * the user had it regenerated, and a correction against what was corrected. Two passes over the source: the first only
 * learns which samples matter.
 */
export async function* pairsOf(
  source: SampleSource,
  options: SelectOptions,
  tally: Tally,
): AsyncIterable<PreferencePair> {
  const extremes = createExtremes();
  try {
    const { replaced, corrections } = await learn(source, extremes, tally);
    let waiting = replaced.size > 0 || corrections;
    for (const { best, worst } of extremes.all()) {
      const refusal = refusalOf({ best, worst }, options);
      if (refusal !== undefined) tally.leaveOut(refusal);
      else if (source.get === undefined) waiting = true;
      else {
        const [chosen, rejected] = [await source.get(best.id), await source.get(worst.id)];
        if (chosen?.ok && rejected?.ok) yield pairOf(chosen.sample, rejected.sample, 'best-worst');
      }
    }
    const wanted = (question: string): Extremes | undefined => {
      const found = source.get === undefined ? extremes.get(question) : undefined;
      return found !== undefined && refusalOf(found, options) === undefined ? found : undefined;
    };
    if (waiting) yield* pairsInOrder(source, wanted, replaced);
  } finally {
    extremes.close();
  }
}

/** The first pass. */
async function learn(
  source: SampleSource,
  extremes: ExtremesByQuestion,
  tally: Tally,
): Promise<{ readonly replaced: ReadonlySet<string>; readonly corrections: boolean }> {
  const replaced = new Set<string>();
  let corrections = false;
  for await (const taken of source.read()) {
    tally.record();
    if (!taken.ok) tally.leaveOut(taken.reason);
    else if (taken.sample.status === 'failed') tally.leaveOut('failed');
    else {
      const { sample, corrected } = taken;
      const old = sample.meta.regeneratedFrom;
      if (typeof old === 'string') replaced.add(old);
      else if (corrected === undefined && sample.score === null) tally.leaveOut('no score');
      if (corrected === undefined) extremes.add(sample);
      else corrections = true;
    }
  }
  return { replaced, corrections };
}

function refusalOf({ best, worst }: Extremes, options: SelectOptions): string | undefined {
  if (best.id === worst.id) return 'only one score for the question';
  if (best.score - worst.score < options.margin) return 'scores too close';
  return outside(options, best.score, worst.score) ? 'score outside the limits' : undefined;
}

function outside({ minScore, maxScore }: SelectOptions, best: number, worst: number): boolean {
  return (minScore !== undefined && best < minScore) || (maxScore !== undefined && worst > maxScore);
}

/** The second pass. Only samples that wait for their other half are held. */
async function* pairsInOrder(
  source: SampleSource,
  wanted: (question: string) => Extremes | undefined,
  replaced: ReadonlySet<string>,
): AsyncIterable<PreferencePair> {
  const halves = new Map<string, TrainingSample>();
  const old = new Map<string, TrainingSample>();
  const waiting = new Map<string, TrainingSample[]>();

  // The new answer may stand before or after the one that it replaced.
  function* replacedBy(sample: TrainingSample): Iterable<PreferencePair> {
    const turn = sample.meta.turn;
    if (typeof turn !== 'string' || !replaced.has(turn)) return;
    old.set(turn, sample);
    for (const better of waiting.get(turn) ?? []) yield pairOf(better, sample, 'regenerated');
    waiting.delete(turn);
  }

  for await (const taken of source.read()) {
    if (!taken.ok) {
      if (taken.superseded !== undefined) yield* replacedBy(taken.superseded);
      continue;
    }
    if (taken.sample.status === 'failed') continue;
    const { sample, corrected } = taken;
    if (corrected !== undefined) yield { ...pairOf(sample, sample, 'correction'), rejected: corrected };

    const question = questionOf(sample);
    const extremes = wanted(question);
    if (extremes !== undefined && (sample.id === extremes.best.id || sample.id === extremes.worst.id)) {
      const other = halves.get(question);
      if (other === undefined) halves.set(question, sample);
      else {
        halves.delete(question);
        yield sample.id === extremes.best.id
          ? pairOf(sample, other, 'best-worst')
          : pairOf(other, sample, 'best-worst');
      }
    }

    yield* replacedBy(sample);
    const from = sample.meta.regeneratedFrom;
    if (typeof from === 'string') {
      const worse = old.get(from);
      if (worse !== undefined) yield pairOf(sample, worse, 'regenerated');
      else waiting.set(from, [...(waiting.get(from) ?? []), sample]);
    }
  }
}

/** The prompt is the better answer's: where the two ran under different prompts, that is the one to be learned. */
function pairOf(better: TrainingSample, worse: TrainingSample, origin: PreferencePair['origin']): PreferencePair {
  const prompt = promptOf(better);
  const chosen = answerOf(better);
  const rejected = answerOf(worse);
  const known = better.tools.filter((tool) => !better.inventedTools.includes(tool.function.name));
  return {
    id: better.id,
    prompt,
    chosen,
    rejected,
    tools: coverTools([...prompt, ...chosen, ...rejected], known).tools,
    origin,
    scores: [better.score, origin === 'correction' ? null : worse.score],
    sessionHash: better.sessionHash,
    userHash: better.userHash,
  };
}
