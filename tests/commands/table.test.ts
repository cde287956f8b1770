import stringWidth from 'fast-string-width';
import { expect, it } from 'vitest';
import { renderTable } from '../../src/commands/ui/table.ts';

const COLUMNS = [{ title: 'name' }, { title: 'score', align: 'right' }, { title: 'asked' }] as const;
const lines = (rows: readonly (readonly string[])[], terminal?: number) =>
  renderTable(COLUMNS, rows, terminal).split('\n').slice(1);

it('aligns columns by what characters take on a terminal', () => {
  const shown = lines([
    ['日本語の名前', '0.5', 'x'],
    ['👩‍👩‍👧 e\u0301', '0.25', 'x'],
    ['plain', '1', 'x'],
  ]);
  expect(new Set(shown.map((line) => stringWidth(line.replace('\u001b', '')))).size).toBe(1);
});

it('cuts the last column to what the terminal has left, between whole characters', () => {
  const rows = [['short', '1', '漢字'.repeat(60)]];
  expect(stringWidth(lines(rows, 60)[0] ?? '')).toBeLessThanOrEqual(60);
  expect(stringWidth(lines(rows, 60)[0] ?? '')).toBeGreaterThan(57);
  expect(lines(rows, 60)[0]).toMatch(/字…$|漢…$/);
  expect(stringWidth(lines(rows)[0] ?? '')).toBeGreaterThan(70);
});
