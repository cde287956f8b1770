import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ApoError } from '../../core/errors.ts';
import { isJsonObject, type Json } from '../../core/json.ts';
import type { Span } from '../../core/trace.ts';
import { TRACE_VERSION } from '../full-trace.ts';
import { createAppender } from '../shared/appender.ts';
import { isSpanId, isTraceId } from '../shared/ids.ts';
import { type LineProblem, readJsonLines } from '../shared/lines.ts';
import { milliseconds } from '../shared/time.ts';
import { isoTime } from '../shared/trajectory-event.ts';
import type { TraceSink } from '../sink.ts';

/**
 * Spans as JSON lines, one file a day: `<folder>/spans-YYYY-MM-DD.jsonl` by the UTC date of a span's end, each line a
 * span with `schema_version`. A line that a crash tore is cut off before the next one is appended. Not synced to disk
 * after each batch: a power failure may cost the last seconds, a killed process nothing.
 */
export function createJsonlSink({ folder }: { readonly folder: string }): TraceSink {
  const appender = createAppender();
  function byFile(spans: readonly Span[]): ReadonlyMap<string, string> {
    const texts = new Map<string, string[]>();
    for (const span of spans) {
      const day = isoTime(milliseconds(span.endNs || span.startNs)).slice(0, 10);
      const file = join(folder, `spans-${day}.jsonl`);
      const lines = texts.get(file) ?? [];
      texts.set(file, lines);
      lines.push(`${JSON.stringify({ schema_version: TRACE_VERSION, ...span })}\n`);
    }
    return new Map([...texts].map(([file, lines]) => [file, lines.join('')]));
  }
  return {
    name: `jsonl ${folder}`,
    async write(spans) {
      for (const [file, text] of byFile(spans)) await appender.append(file, text);
    },
    writeNow(spans) {
      for (const [file, text] of byFile(spans)) appender.appendNow(file, text);
    },
    async close() {},
  };
}

/**
 * Streams the spans of such a file, of any version so far. Torn or foreign lines are reported and left out; of a span
 * that was written twice both come.
 * @throws ApoError `not-found`
 */
export async function* readSpanFile(path: string, report?: (problem: LineProblem) => void): AsyncGenerator<Span> {
  if (!existsSync(path)) throw new ApoError('not-found', `no span file ${path}`);
  let line = 0;
  for await (const value of readJsonLines(path, report)) {
    line += 1;
    const span = spanOf(value);
    if (span !== undefined) yield span;
    else report?.({ line, reason: 'not a span of a version that this apo reads', torn: false });
  }
}

function spanOf(value: Json): Span | undefined {
  if (!isJsonObject(value)) return undefined;
  const { schema_version: version, ...rest } = value;
  const fits =
    typeof version === 'number' &&
    version <= TRACE_VERSION &&
    isTraceId(rest.traceId) &&
    isSpanId(rest.spanId) &&
    isText(rest.startNs, /^\d{1,20}$/) &&
    isText(rest.endNs, /^\d{0,20}$/) &&
    [rest.name, rest.kind, rest.status, rest.statusMessage].every((text) => typeof text === 'string') &&
    [rest.attributes, rest.resource, rest.scope].every(isJsonObject) &&
    [rest.events, rest.links].every((list) => Array.isArray(list) && list.every(isJsonObject));
  return fits ? (rest as unknown as Span) : undefined;
}

function isText(value: Json | undefined, shape: RegExp): boolean {
  return typeof value === 'string' && shape.test(value);
}
