import { existsSync, readFileSync } from 'node:fs';
import type { Span } from '../../core/trace.ts';
import { writeFileAtomic } from '../../platform/files.ts';
import { createEventStream } from '../event-stream.ts';
import { createAppender } from '../shared/appender.ts';
import { repairTail } from '../shared/lines.ts';
import type { ContentMode } from '../shared/trajectory-event.ts';
import type { TraceSink } from '../sink.ts';
import { trajectoryFiles } from '../trajectory.ts';

export type TrajectorySinkOptions = {
  readonly folder: string;
  /** Default `full`. */
  readonly content?: ContentMode;
};

/** Traces whose state is kept; an older one that goes on continues its numbering, its messages may then come twice. */
const MAX_OPEN = 1_000;

/** The event stream: `<folder>/<trace id>.jsonl`, append-only, and `<trace id>.summary.json` when the trace has ended. */
export function createTrajectorySink({ folder, content = 'full' }: TrajectorySinkOptions): TraceSink {
  const appender = createAppender();
  const open = new Map<string, ReturnType<typeof createEventStream>>();

  function streamOf(traceId: string): ReturnType<typeof createEventStream> {
    const known = open.get(traceId);
    if (known !== undefined) return known;
    const stream = createEventStream(traceId, content, countLines(trajectoryFiles(folder, traceId).file));
    if (open.size >= MAX_OPEN) open.delete(open.keys().next().value ?? '');
    open.set(traceId, stream);
    return stream;
  }
  function* textsOf(spans: readonly Span[]) {
    const traces = new Map<string, Span[]>();
    for (const span of spans) traces.set(span.traceId, [...(traces.get(span.traceId) ?? []), span]);
    for (const [traceId, own] of traces) {
      const stream = streamOf(traceId);
      const events = own.flatMap((span) => stream.push(span));
      const text = events.map((event) => `${JSON.stringify(event)}\n`).join('');
      const ended = events.some((event) => event.event_type === 'run_completed');
      yield { traceId, ...trajectoryFiles(folder, traceId), text, summary: ended ? stream.summary() : undefined };
    }
  }
  return {
    name: `trajectory ${folder}`,
    async write(spans) {
      for (const { traceId, file, summaryFile, text, summary } of textsOf(spans)) {
        try {
          await appender.append(file, text);
        } catch (error) {
          // The stream has moved on without its lines: it starts again from what the file holds.
          open.delete(traceId);
          throw error;
        }
        if (summary !== undefined) writeFileAtomic(summaryFile, `${JSON.stringify(summary, null, 2)}\n`);
      }
    },
    writeNow(spans) {
      for (const { file, summaryFile, text, summary } of textsOf(spans)) {
        appender.appendNow(file, text);
        if (summary !== undefined) writeFileAtomic(summaryFile, `${JSON.stringify(summary, null, 2)}\n`);
      }
    },
    async close() {},
  };
}

/** Where the numbering of a file goes on. */
function countLines(file: string): number {
  if (!existsSync(file)) return 0;
  repairTail(file);
  return readFileSync(file, 'utf8').split('\n').length - 1;
}
