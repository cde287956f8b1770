import pc from 'picocolors';
import type { Span } from '../../core/trace.ts';
import { ellipsis } from '../../platform/text.ts';
import { durationMs, formatDuration } from './time.ts';
import { oneLine, treeRows } from './tree.ts';

const NAME_WIDTH = 36;
const TIME_WIDTH = 9;
/** Levels that are indented: the rest of the column is for the name. */
const MAX_LEVELS = 12;
const COLORS = { model: pc.green, tool: pc.magenta, agent: pc.cyan } as const;

/** Each span as a bar from its start to its end; what runs at the same time stands below each other. */
export function renderWaterfall(spans: readonly Span[], columns: number): string {
  const width = Math.max(20, columns - NAME_WIDTH - TIME_WIDTH - 2);
  const starts = spans.map(({ startNs }) => BigInt(startNs));
  const ends = spans.map(({ startNs, endNs }) => BigInt(endNs === '' ? startNs : endNs));
  const first = sorted(starts)[0] ?? 0n;
  const last = sorted(ends).at(-1) ?? first;
  const total = Number(last - first) || 1;
  return treeRows(spans)
    .map(({ span, depth }) => {
      const from = Math.min(width - 1, Math.floor((Number(BigInt(span.startNs) - first) / total) * width));
      const length = Math.round(((durationMs(span) * 1e6) / total) * width);
      const bar = '█'.repeat(Math.max(1, Math.min(width - from, length)));
      const paint = span.status === 'error' ? pc.red : (COLORS[span.kind as keyof typeof COLORS] ?? pc.blue);
      const indent = '  '.repeat(Math.min(depth, MAX_LEVELS));
      const name = ellipsis(oneLine(span.name), NAME_WIDTH - indent.length - 1);
      const label = `${indent}${name}`.slice(0, NAME_WIDTH).padEnd(NAME_WIDTH);
      const took = formatDuration(durationMs(span)).padStart(TIME_WIDTH);
      return `${label}${pc.dim(took)} ${' '.repeat(from)}${paint(bar)}`;
    })
    .join('\n');
}

function sorted(values: readonly bigint[]): readonly bigint[] {
  return [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
