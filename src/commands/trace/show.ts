import pc from 'picocolors';
import { terminalSafe } from '../../platform/text.ts';
import type { FeedbackRow, TraceSummary } from '../../stores/trace-store.ts';
import { assembleTrace } from '../../traces/shared/conventions/assemble.ts';
import { formatScore } from '../ui/format.ts';
import { print, printJson } from '../ui/output.ts';
import { type StoreOptions, withStore } from '../ui/store-options.ts';
import { renderFields } from '../ui/table.ts';
import { renderConversation } from './conversation.ts';
import { traceOf } from './filter.ts';
import { formatDuration, formatTime } from './time.ts';
import { renderTree } from './tree.ts';
import { renderWaterfall } from './waterfall.ts';

export type ShowFlags = StoreOptions & {
  readonly tree?: boolean;
  readonly waterfall?: boolean;
  readonly full?: boolean;
};

export async function showTrace(reference: string, flags: ShowFlags): Promise<void> {
  const { trace, spans, feedback } = await withStore(flags, async (store) => {
    const found = await traceOf(store, reference);
    return {
      trace: found,
      spans: await store.traces.spans(found.traceId),
      feedback: await store.traces.feedback(found.traceId),
    };
  });
  const { events, tools } = assembleTrace(spans);
  if (flags.json) return printJson({ trace, events, tools, spans, feedback });
  print(renderHead(trace));
  print('');
  if (flags.tree) print(renderTree(spans));
  else if (flags.waterfall) print(renderWaterfall(spans, process.stdout.columns ?? 100));
  else if (events.length > 0) print(renderConversation(events, flags.full === true));
  else print(`${pc.dim('no content was captured; its spans are:')}\n${renderTree(spans)}`);
  for (const row of feedback) print(renderFeedback(row));
}

function renderHead(trace: TraceSummary): string {
  return renderFields([
    ['trace', trace.traceId],
    ['name', trace.name],
    ['session', trace.sessionId ?? '-'],
    ['started', `${formatTime(trace.startNs)}, took ${formatDuration(trace.durationMs)}`],
    [
      'status',
      trace.status === 'error' ? `error (${trace.errors} of ${trace.spans} spans)` : `ok (${trace.spans} spans)`,
    ],
    ['models', trace.models.join(', ') || '-'],
    ['tokens', `${trace.inputTokens} in, ${trace.outputTokens} out`],
    ['score', formatScore(trace.score)],
  ]);
}

function renderFeedback({ name, source, label, score, comment, correction }: FeedbackRow): string {
  const parts = [
    label,
    score === null ? '' : formatScore(score),
    comment,
    correction === null ? '' : `-> ${correction}`,
  ];
  const text = terminalSafe(parts.filter((part) => part !== '').join('  '));
  return `\n${pc.yellow(`feedback ${terminalSafe(name)} (${source})`)} ${text}`;
}
