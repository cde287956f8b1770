import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ApoError, faultInWords } from '../../core/errors.ts';
import type { Span } from '../../core/trace.ts';
import { counted, terminalSafe } from '../../platform/text.ts';
import type { Store } from '../../stores/store.ts';
import { readSpanFile } from '../../traces/sinks/jsonl.ts';
import { print, printJson } from '../ui/output.ts';
import { type StoreOptions, withStore } from '../ui/store-options.ts';

/** Spans that are saved in one transaction. */
const BATCH = 1_000;

/** Lines that are named; all are counted. */
const MAX_SHOWN = 5;

/**
 * `apo trace import`: files that JSONL sinks wrote into the store, where they are shown, searched and exported like what
 * `apo serve` received. A span that is there already stays one; torn and foreign lines are left out and counted.
 */
export async function importTraces(paths: readonly string[], flags: StoreOptions): Promise<void> {
  const files = paths.flatMap(spanFiles);
  const skipped: string[] = [];
  let left = 0;
  let spans = 0;
  const work = async (store: Store): Promise<void> => {
    for (const file of files) {
      const read = readSpanFile(file, ({ line, reason, torn }) => {
        left += 1;
        if (skipped.length < MAX_SHOWN) skipped.push(`${file}:${line} ${torn ? 'torn by a crash' : reason}`);
      });
      for await (const batch of batches(read)) {
        await store.traces.saveSpans(batch);
        spans += batch.length;
      }
    }
  };
  await withStore(flags, work, { create: true });
  if (flags.json) {
    printJson({ files, spans, skipped: left });
    return;
  }
  print(`${counted(spans, 'span')} read from ${counted(files.length, 'file')}, ${counted(left, 'line')} left out`);
  for (const problem of skipped) process.stderr.write(`left out: ${terminalSafe(problem)}\n`);
}

function spanFiles(given: string): readonly string[] {
  const path = resolve(given);
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch (error) {
    throw new ApoError('not-found', `cannot read ${given}: ${faultInWords(error)}`, {
      hint: 'name files that createJsonlSink wrote, or their folder',
      cause: error,
    });
  }
  if (!isFolder) return [path];
  const names = readdirSync(path).filter((name) => /^spans-.*\.jsonl$/.test(name));
  if (names.length > 0) return names.sort().map((name) => join(path, name));
  throw new ApoError('not-found', `no spans-*.jsonl in ${given}`, {
    hint: 'name the folder that createJsonlSink writes',
  });
}

async function* batches(spans: AsyncIterable<Span>): AsyncGenerator<readonly Span[]> {
  let batch: Span[] = [];
  for await (const span of spans) {
    batch.push(span);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
