import { once } from 'node:events';
import { createWriteStream, renameSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import { ApoError, faultInWords } from '../../core/errors.ts';
import { makeFolder } from '../../platform/files.ts';
import type { Store } from '../../stores/store.ts';
import type { TraceSummary } from '../../stores/trace-store.ts';
import { assembleTrace } from '../../traces/shared/conventions/assemble.ts';
import { withStore } from '../ui/store-options.ts';
import { type FilterFlags, filterOf } from './filter.ts';
import { allTraces } from './pages.ts';

/** Version of a line's shape; readers accept every version up to theirs. */
const SCHEMA_VERSION = 1;

/** One trace on a line: summary, conversation, every span as received, feedback. Constant memory, whatever the count. */
export async function exportTraces(flags: FilterFlags & { readonly out?: string }): Promise<void> {
  const filter = filterOf(flags, Date.now());
  await withStore(flags, async (store) => {
    if (flags.out === undefined) return writeAll(process.stdout, store, filter);
    const count = await writeFile(resolve(flags.out), (stream) => writeAll(stream, store, filter));
    process.stderr.write(`${count} traces in ${flags.out}\n`);
  });
}

async function writeAll(
  stream: NodeJS.WritableStream,
  store: Store,
  filter: ReturnType<typeof filterOf>,
): Promise<number> {
  let count = 0;
  for await (const trace of allTraces(store, filter)) {
    if (!stream.write(`${JSON.stringify(await fullTrace(store, trace))}\n`)) await once(stream, 'drain');
    count++;
  }
  return count;
}

async function fullTrace(store: Store, trace: TraceSummary): Promise<object> {
  const spans = await store.traces.spans(trace.traceId);
  const feedback = await store.traces.feedback(trace.traceId);
  return { schema_version: SCHEMA_VERSION, trace, ...assembleTrace(spans), spans, feedback };
}

/** The file appears when it is complete. */
async function writeFile<T>(path: string, write: (stream: NodeJS.WritableStream) => Promise<T>): Promise<T> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    makeFolder(dirname(path));
    const stream = createWriteStream(temporary, { mode: 0o600, flush: true });
    const done = finished(stream);
    const result = await Promise.race([write(stream), done.then(() => Promise.reject(new Error('closed early')))]);
    stream.end();
    await done;
    renameSync(temporary, path);
    return result as T;
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new ApoError('file-write', `cannot write ${path}: ${faultInWords(error)}`, {
      hint: 'check free space and permissions of the folder',
      cause: error,
    });
  }
}
