import stringWidth from 'fast-string-width';
import pc from 'picocolors';
import { terminalSafe } from '../../platform/text.ts';

export type Column = { readonly title: string; readonly align?: 'right' };

/** Widest cell, in columns of the terminal. */
const CELL = 60;
/** Narrower than this the last column is not cut to fit a terminal. */
const LEAST = 20;

/**
 * Aligned columns under dim titles. Cells may be foreign text: they are made safe, cut and put on one line. The last
 * column is cut to what a terminal has left for it.
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  terminal: number | undefined = process.stdout.columns,
): string {
  const fitted = rows.map((row) => row.map((cell) => within(terminalSafe(cell), CELL)));
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...fitted.map((row) => stringWidth(row[index] ?? ''))),
  );
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0);
  const last = columns.length - 1;
  const left = terminal === undefined ? CELL : Math.max(LEAST, terminal - before);
  const cells = fitted.map((row) => row.map((cell, index) => (index === last ? within(cell, left) : cell)));
  const line = (row: readonly string[]): string =>
    columns
      .map(({ align }, index) => pad(row[index] ?? '', widths[index] ?? 0, align))
      .join('  ')
      .trimEnd();
  return [pc.dim(line(columns.map(({ title }) => title))), ...cells.map(line)].join('\n');
}

/** Names and values under one another, values aligned. */
export function renderFields(fields: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(0, ...fields.map(([name]) => name.length));
  return fields
    .map(([name, value]) => `${pc.dim(name.padEnd(width))}  ${terminalSafe(value).replaceAll('\n', ' ')}`)
    .join('\n');
}

function pad(cell: string, width: number, align: Column['align']): string {
  const space = ' '.repeat(Math.max(0, width - stringWidth(cell)));
  return align === 'right' ? space + cell : cell + space;
}

const SEGMENTER = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** One line of at most so many columns, cut between whole characters; those of East Asian scripts and emoji take two. */
function within(text: string, width: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  if (stringWidth(line) <= width) return line;
  let used = 1;
  let kept = '';
  for (const { segment } of SEGMENTER.segment(line)) {
    used += stringWidth(segment);
    if (used > width) break;
    kept += segment;
  }
  return `${kept}…`;
}
