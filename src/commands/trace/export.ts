import { once } from 'node:events';
import { resolve } from 'node:path';
import { createAtomicStream } from '../../platform/atomic-stream.ts';
import type { Store } from '../../stores/store.ts';
import type { TraceFilter, TraceSummary } from '../../stores/trace-store.ts';
import { assembleTrace } from '../../traces/shared/conventions/assemble.ts';
import { printJson } from '../ui/output.ts';
import { withStore } from '../ui/store-options.ts';
import { type FilterFlags, filterOf } from './filter.ts';
import { allTraces } from './pages.ts';

/** Version of a line's shape; readers accept every version up to theirs. */
const SCHEMA_VERSION = 1;

/** One trace on a line: summary, conversation, every span as received, feedback. Constant memory, whatever the count. */
export async function exportTraces(flags: FilterFlags & { readonly out?: string }): Promise<void> {
  const filter = filterOf(flags, Date.now());
  await withStore(flags, async (store) => {
    if (flags.out === undefined) {
      for await (const line of lines(store, filter))
        if (!process.stdout.write(line)) await once(process.stdout, 'drain');
      return;
    }
    const file = resolve(flags.out);
    const stream = createAtomicStream(file);
    let traces = 0;
    try {
      for await (const line of lines(store, filter)) {
        stream.write(line);
        traces++;
      }
      stream.commit();
    } finally {
      stream.discard();
    }
    if (flags.json) printJson({ file, traces });
    else process.stderr.write(`${traces} traces in ${flags.out}\n`);
  });
}

async function* lines(store: Store, filter: TraceFilter): AsyncGenerator<string> {
  for await (const trace of allTraces(store, filter)) yield `${JSON.stringify(await fullTrace(store, trace))}\n`;
}

async function fullTrace(store: Store, trace: TraceSummary): Promise<object> {
  const spans = await store.traces.spans(trace.traceId);
  const feedback = await store.traces.feedback(trace.traceId);
  return { schema_version: SCHEMA_VERSION, trace, ...assembleTrace(spans), spans, feedback };
}
