import pc from 'picocolors';
import { ApoError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import type { RedactionLevel } from '../../core/privacy/detector.ts';
import { findLeaks } from '../../core/privacy/leaks.ts';
import type { Span } from '../../core/trace.ts';
import { print, printJson } from '../ui/output.ts';
import { withStore } from '../ui/store-options.ts';
import { renderTable } from '../ui/table.ts';
import { type FilterFlags, filterOf } from './filter.ts';
import { allTraces } from './pages.ts';

/** Findings that are shown one by one; all are counted. */
const MAX_SHOWN = 200;

type Finding = {
  readonly traceId: string;
  readonly spanId: string;
  readonly where: string;
  readonly type: string;
  readonly preview: string;
};

/** Reports what a redaction of the level would remove from stored traces. Exit code 7 when there is anything. */
export async function checkTraces(flags: FilterFlags & { readonly level: RedactionLevel }): Promise<void> {
  const { level } = flags;
  const filter = filterOf(flags, Date.now());
  const counts = new Map<string, number>();
  const shown: Finding[] = [];
  let traces = 0;
  await withStore(flags, async (store) => {
    for await (const { traceId } of allTraces(store, filter)) {
      traces++;
      for (const finding of (await store.traces.spans(traceId)).flatMap((span) => findingsOf(span, level))) {
        counts.set(finding.type, (counts.get(finding.type) ?? 0) + 1);
        if (shown.length < MAX_SHOWN) shown.push(finding);
      }
    }
  });
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (flags.json) printJson({ traces, level, total, counts: Object.fromEntries(counts), findings: shown });
  else if (total === 0) print(`${pc.green('clean')}: ${traces} traces at level ${level}`);
  else {
    const rows = shown.map(({ traceId, where, type, preview }) => [traceId.slice(0, 12), where, type, preview]);
    print(renderTable([{ title: 'trace' }, { title: 'where' }, { title: 'type' }, { title: 'value' }], rows));
  }
  if (total > 0) {
    throw new ApoError('threshold-missed', `${total} findings at level ${level} in ${traces} traces`, {
      hint: 'exports redact at level 2 by default; delete what must not stay with apo trace delete',
    });
  }
}

function findingsOf(span: Span, level: RedactionLevel): readonly Finding[] {
  const texts: (readonly [where: string, text: string])[] = [
    ['name', span.name],
    ['status', span.statusMessage],
  ];
  collect('', span.attributes, texts);
  for (const event of span.events) collect(`${event.name}.`, event.attributes, texts);
  return texts.flatMap(([where, text]) =>
    findLeaks(text, level).map(({ type, preview }) => ({
      traceId: span.traceId,
      spanId: span.spanId,
      where,
      type,
      preview,
    })),
  );
}

function collect(prefix: string, values: { readonly [key: string]: Json }, texts: (readonly [string, string])[]): void {
  for (const [key, value] of Object.entries(values)) {
    if (typeof value === 'string') texts.push([prefix + key, value]);
    else if (typeof value === 'object' && value !== null) texts.push([prefix + key, JSON.stringify(value)]);
  }
}
