import pc from 'picocolors';
import { ellipsis, terminalSafe } from '../../platform/text.ts';

export type Column = { readonly title: string; readonly align?: 'right' };

/** Longest cell, in characters. */
const CELL = 60;

/** Aligned columns under dim titles. Cells may be foreign text: they are made safe, cut and put on one line. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell) => ellipsis(terminalSafe(cell), CELL)));
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...cells.map((row) => lengthOf(row[index] ?? ''))),
  );
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
  const space = ' '.repeat(Math.max(0, width - lengthOf(cell)));
  return align === 'right' ? space + cell : cell + space;
}

const SEGMENTER = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

function lengthOf(text: string): number {
  return [...SEGMENTER.segment(text)].length;
}
