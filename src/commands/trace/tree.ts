import pc from 'picocolors';
import type { Span } from '../../core/trace.ts';
import { terminalSafe } from '../../platform/text.ts';
import { readFacts } from '../../traces/shared/conventions/facts.ts';
import { durationMs, formatDuration } from './time.ts';

export type TreeRow = { readonly span: Span; readonly depth: number; readonly branch: string };

/** Levels that are indented; what lies deeper stands below each other, so that the text of a long chain stays readable. */
const MAX_LEVELS = 40;

/** Spans by parent, in order of start. Spans whose parent has not arrived stand at the top; cycles are cut. */
export function treeRows(spans: readonly Span[]): readonly TreeRow[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const children = new Map<string, Span[]>();
  const roots: Span[] = [];
  for (const span of spans) {
    if (span.parentSpanId === null || !ids.has(span.parentSpanId)) roots.push(span);
    else {
      const known = children.get(span.parentSpanId);
      if (known === undefined) children.set(span.parentSpanId, [span]);
      else known.push(span);
    }
  }
  const rows: TreeRow[] = [];
  const seen = new Set<Span>();
  const visit = (top: Span): void => {
    const stack: { span: Span; depth: number; lead: string; branch: string }[] = [
      { span: top, depth: 0, lead: '', branch: '' },
    ];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const { span, depth, lead, branch } = next;
      if (seen.has(span)) continue;
      seen.add(span);
      rows.push({ span, depth, branch });
      const below = children.get(span.spanId) ?? [];
      for (let index = below.length - 1; index >= 0; index--) {
        const last = index === below.length - 1;
        stack.push({
          span: below[index] as Span,
          depth: depth + 1,
          lead: depth < MAX_LEVELS ? `${lead}${last ? '   ' : '│  '}` : lead,
          branch: `${lead}${last ? '└─ ' : '├─ '}`,
        });
      }
    }
  };
  for (const root of roots) visit(root);
  for (const span of spans) if (!seen.has(span)) visit(span);
  return rows;
}

export function renderTree(spans: readonly Span[]): string {
  return treeRows(spans)
    .map(({ span, branch }) => {
      const { usage, models } = readFacts(span);
      const facts = [
        span.kind,
        formatDuration(durationMs(span)),
        ...(models[0] === undefined || span.name.includes(models[0]) ? [] : [terminalSafe(models[0])]),
        ...(usage === null ? [] : [`${usage.input} -> ${usage.output} tokens`]),
        ...(span.endNs === '' ? ['open'] : []),
      ];
      const failure = span.status === 'error' ? pc.red(`  ${oneLine(span.statusMessage) || 'failed'}`) : '';
      const name = span.status === 'error' ? pc.red(oneLine(span.name)) : oneLine(span.name);
      return `${pc.dim(branch)}${name} ${pc.dim(`(${facts.join(', ')})`)}${failure}`;
    })
    .join('\n');
}

export function oneLine(text: string): string {
  return terminalSafe(text).replaceAll(/\s+/g, ' ');
}
