import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isJsonObject, parseJson } from '../../core/json.ts';
import type { Span } from '../../core/trace.ts';
import { createAtomicStream } from '../../platform/atomic-stream.ts';
import { readFacts } from '../shared/conventions/facts.ts';
import { readSpanFile } from './jsonl.ts';

/** What is to go; any one that fits. */
export type SpanFileTarget = {
  readonly traceIds?: ReadonlySet<string>;
  readonly sessionId?: string;
  readonly userId?: string;
};

/**
 * Removes traces from the files of a JSONL sink: whole traces, also where only one of their spans names the user or the
 * session. Each file that holds some is replaced as a whole. A program that is writing to the same day's file at that
 * moment can lose what it writes between reading and replacing, so stop it first.
 * @returns how many spans are gone, and of which traces.
 * @throws ApoError `file-write`
 */
export async function deleteFromSpanFiles(
  folder: string,
  target: SpanFileTarget,
): Promise<{ readonly spans: number; readonly traceIds: ReadonlySet<string> }> {
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => /^spans-[\d-]+\.jsonl$/.test(name)) : [];
  const traceIds = new Set<string>();
  for (const name of files) {
    for await (const span of readSpanFile(join(folder, name))) if (isTarget(span, target)) traceIds.add(span.traceId);
  }
  let spans = 0;
  if (traceIds.size > 0) for (const name of files) spans += await rewrite(join(folder, name), traceIds);
  return { spans, traceIds };
}

function isTarget(span: Span, { traceIds, sessionId, userId }: SpanFileTarget): boolean {
  if (traceIds?.has(span.traceId)) return true;
  const facts = readFacts({ ...span, resource: span.resource ?? {} });
  return (
    (sessionId !== undefined && facts.sessionId === sessionId) || (userId !== undefined && facts.userId === userId)
  );
}

/** Lines that are not spans of these traces stay byte for byte. */
async function rewrite(path: string, traceIds: ReadonlySet<string>): Promise<number> {
  const stream = createAtomicStream(path);
  let removed = 0;
  try {
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
      if (traceIds.has(traceIdOf(line))) removed++;
      else stream.write(`${line}\n`);
    }
    if (removed > 0) stream.commit();
  } finally {
    stream.discard();
  }
  return removed;
}

function traceIdOf(line: string): string {
  const parsed = parseJson(line);
  return parsed.ok && isJsonObject(parsed.value) ? String(parsed.value.traceId) : '';
}
