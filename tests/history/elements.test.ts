import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { elements } from '../../src/history/agno/elements.ts';

const items = fc.array(fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }), { maxLength: 8 });

function parseAll(text: string): unknown[] {
  return [...elements(Buffer.from(text), 'runs')].map((bytes) => JSON.parse(bytes.toString('utf8')));
}

/** Python's default: everything beyond ASCII is escaped. */
function ascii(text: string): string {
  return text.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

describe('elements', () => {
  it('yields what JSON.parse yields, however often the column was encoded', () => {
    fc.assert(
      fc.property(items, fc.integer({ min: 0, max: 3 }), fc.boolean(), (value, times, isAscii) => {
        const wellFormed = JSON.parse(JSON.stringify(value).replace(/\\ud[89a-f]../g, '?'));
        let text = JSON.stringify(wellFormed);
        for (let encoded = 0; encoded < times; encoded++) text = JSON.stringify(text);
        expect(parseAll(isAscii ? ascii(text) : text)).toEqual(wellFormed);
      }),
    );
  });

  it('finds the list inside an object, whatever stands before it', () => {
    fc.assert(
      fc.property(items, fc.jsonValue(), (value, other) => {
        const known = JSON.parse(JSON.stringify({ other, 'ru"ns': [1], runs: value }).replace(/\\ud[89a-f]../g, '?'));
        expect(parseAll(JSON.stringify(known))).toEqual(known.runs);
      }),
    );
  });

  it('yields the whole elements of a torn list before it fails', () => {
    const found: string[] = [];
    expect(() => {
      for (const bytes of elements(Buffer.from('[{"a":1},{"b":"]'), 'runs')) found.push(bytes.toString());
    }).toThrow(SyntaxError);
    expect(found).toEqual(['{"a":1}']);
  });

  it.each(['null', '""', '{}', '[]', '{"memory": null}', '{"runs": null}'])('%s has no elements', (text) => {
    expect(parseAll(text)).toEqual([]);
  });

  it.each(['12', '{broken json', '"text"', '{"runs": 1}', '{"memory": 1'])('%s is no list, and says so', (text) => {
    expect(() => parseAll(text)).toThrow(SyntaxError);
  });
});
