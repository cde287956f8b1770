import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvCell, markdownSafe, terminalSafe } from '../../src/platform/text.ts';

const ESC = '\u001b';

describe('foreign text on a terminal (S16)', () => {
  it.each([
    `${ESC}[31mred`,
    `${ESC}[2J${ESC}[H`,
    `${ESC}]0;title\u0007`,
    `${ESC}]52;c;aGk=\u0007`,
    `${ESC}]8;;http://e\u0007x${ESC}]8;;\u0007`,
    `${ESC}P+q544e\u001b\\`,
    `${ESC}_G\u001b\\`,
    `${ESC}^pm\u001b\\`,
    `${ESC}c`,
    `${ESC}(0`,
    `${ESC}[6n`,
    `${ESC}[?1049h`,
    `${ESC}[5i`,
    'ok\rbad',
    'a\bb',
    'a\u0007',
    'a\u0000b',
    'a\u000bb',
    'a\u000cb',
    'a\u007fb',
    '\u009b31m',
    '\u0090x\u009c',
    '\u009d0;x\u009c',
    '\u0085',
    'a\u202eb',
    'a\u2066b',
    'a\u200eb',
    'a\u061cb',
    'a\u200bb',
    'a\u200db',
    'a\ufeffb',
    'a\u2060b',
    'a\u00adb',
    'a\u034fb',
    'a\u{e0041}b',
    'a\u{e0101}b',
    'a\ufe01b',
    'a\u3164b',
    'a\uffa0b',
    'a\u115fb',
    'a\u180eb',
    'a\u2028b',
    'a\u{1d173}b',
    'a\ufffbb',
  ])('shows %j instead of obeying it', (hostile) => {
    const shown = terminalSafe(hostile);
    expect(shown).not.toMatch(/[^\P{Cc}\n\t]|[\u200b-\u200f\u2028-\u202e\u2066-\u2069]/u);
    expect(shown).toContain('\\u{');
    expect(terminalSafe(shown)).toBe(shown);
  });

  it('leaves ordinary text of all languages alone', () => {
    const text = 'Grüße, 你好, مرحبا, ☎️ 👍🏽\n\tok';
    expect(terminalSafe(text)).toBe(text);
  });
});

describe('foreign text in CSV (S17)', () => {
  it.each(['=1+1', '+1', '-1+1', '@SUM(A1)', '\t=1', '\r=1', '\u0000=1', ' =1', '＝1', '＋1', '－1', '＠x', '\n=1'])(
    'is no formula: %j',
    (text) => {
      const [[cell]] = parse(csvCell(text)) as [[string]];
      expect(cell.startsWith("'")).toBe(true);
    },
  );

  it('has nothing in it that a terminal obeys, and text as it was', () => {
    expect(csvCell('a\u001b]52;c;eA==\u0007\u009b31m\u0008b')).toBe('a]52;c;eA==31mb');
    expect(csvCell('\u001b=1')).toBe("'=1");
    expect(csvCell('Grüße\tمرحبا 👍🏽\n')).toBe('"Grüße\tمرحبا 👍🏽\n"');
  });

  it('keeps numbers as numbers and missing values empty', () => {
    expect([-1.5, 0, true, null].map(csvCell)).toEqual(['-1.5', '0', 'true', '']);
  });

  it('is read back by a CSV reader, in one cell', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 5 }), (cells) => {
        const [read] = parse(`${cells.map(csvCell).join(',')}\r\n`, { relax_column_count: true }) as string[][];
        const plain = (text: string) => text.replace(/[^\P{Cc}\n\r\t]/gu, '');
        expect(read?.map((cell) => cell.replace(/^'/, ''))).toEqual(cells.map((cell) => plain(cell).replace(/^'/, '')));
      }),
    );
  });
});

describe('foreign text in Markdown (S17)', () => {
  it.each([
    ['[x](http://e.example)', '\\[x\\]\\(http&#58;//e.example\\)'],
    ['![x](//e.example/p.png)', '\\!\\[x\\]\\(//e.example/p.png\\)'],
    ['<img src=x onerror=y>', '\\<img src=x onerror=y\\>'],
    ['`code` and ```', '\\`code\\` and \\`\\`\\`'],
    ['a | b', 'a \\| b'],
    ['# h\n- item', '\\# h - item'],
    ['- item', '\\- item'],
    ['1. item', '1\\. item'],
    ['www.e.example me@e.example', 'www&#46;e.example me&#64;e.example'],
    ['&lt;', '&amp;lt;'],
  ])('%j', (text, safe) => {
    expect(markdownSafe(text)).toBe(safe);
  });
});

describe('joiners that spell a word or an emoji', () => {
  it.each([
    '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645',
    '\u0915\u094d\u200d\u0937',
    '👩\u200d👩\u200d👧',
    '👩🏽\u200d💻',
    '❤️\u200d🔥',
  ])('are shown as they are: %s', (text) => {
    expect(terminalSafe(text)).toBe(text);
  });

  it.each(['a\u200db', '\u200cx', 'a\u200d', '👩\u200d', '\u0645\u200c', '\u0645\u200c\u200c\u0645', '1\u200c2'])(
    'are visible where they spell nothing',
    (text) => {
      expect(terminalSafe(text)).toMatch(/\\u\{200[cd]\}/);
    },
  );
});
