import { callsOf } from '../core/message.ts';
import type { Exporter, Rendered, TrainingSample } from './exporter.ts';
import { rows } from './exporter.ts';
import { answerOf, promptOf, splitSystem } from './shared/render.ts';

/** One line for each conversation, for a spreadsheet. Cells are neutralised by the writer (ASVS 1.2.10). */
export default function csvExporter(): Exporter {
  return { name: 'csv', files: ['csv', 'jsonl', 'parquet'], thinking: ['drop'], csv };
}

function csv(sample: TrainingSample): Rendered {
  const { system, turns } = splitSystem(promptOf(sample));
  const answer = answerOf(sample);
  return rows({
    id: sample.id,
    source: sample.source,
    task: typeof sample.meta.task === 'string' ? sample.meta.task : '',
    session: sample.sessionHash,
    user: sample.userHash ?? '',
    status: sample.status,
    score: sample.score,
    reason: sample.reason,
    system,
    turns: turns.length,
    input: turns.at(-1)?.content ?? '',
    answer: answer.at(-1)?.content ?? '',
    expected: sample.expected ?? '',
    tool_calls: answer
      .flatMap(callsOf)
      .map((call) => call.function.name)
      .join(' '),
    run: typeof sample.meta.run === 'string' ? sample.meta.run : '',
    prompt: typeof sample.meta.prompt === 'string' ? sample.meta.prompt : '',
    iteration: typeof sample.meta.iteration === 'number' ? sample.meta.iteration : null,
    category: typeof sample.meta.category === 'string' ? sample.meta.category : '',
  });
}
