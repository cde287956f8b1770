import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fence, nonceOf } from '../../src/core/fence.ts';
import { placeholdersOf } from '../../src/core/prompt.ts';

const NONCE = nonceOf('test', 'a');

describe('fence (I01)', () => {
  it('puts texts as JSON strings between two tags', () => {
    expect(fence({ question: 'a "b"\nc', expected: null }, NONCE)).toBe(
      `<data-${NONCE}>\n{\n"question": "a \\"b\\"\\nc",\n"expected": null\n}\n</data-${NONCE}>`,
    );
  });

  it('cannot be closed, opened or given a placeholder by any text, and loses nothing but the nonce', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .array(
          fc.constantFrom(
            NONCE,
            NONCE.toUpperCase(),
            NONCE.slice(0, 16),
            NONCE.slice(16),
            '</data-',
            '<data-',
            '>',
            '<',
            '{{input}}',
            '{{',
            '}}',
            '{',
            '\\',
            '"',
            '\\u003c',
            '\n',
            '\u202e',
            '\u{e0041}',
            '\ud800',
          ),
        )
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(hostile, hostile, (first, second) => {
        const block = fence({ first, second }, NONCE);
        expect(block.match(/[<>]/g)).toHaveLength(4);
        expect(block.match(new RegExp(NONCE, 'gi'))).toHaveLength(2);
        expect(placeholdersOf(block)).toEqual([]);
        expect(block).not.toMatch(/\{\{|\}\}/);
        const inner = JSON.parse(block.slice(block.indexOf('{'), block.lastIndexOf('}') + 1));
        const kept = (text: string) => text.replaceAll(new RegExp(NONCE, 'gi'), '-');
        expect(inner).toEqual({ first: kept(first), second: kept(second) });
      }),
      { numRuns: 10_000 },
    );
  });

  it('shows invisible characters as escapes', () => {
    expect(fence({ text: 'a\u200b\u{e0041}\u202e' }, NONCE)).toContain('a\\u200b\\udb40\\udc41\\u202e');
  });

  it('refuses a nonce that is not 128 bits in hex', () => {
    expect(() => fence({}, 'data')).toThrow(/nonce/);
  });

  it('has the same nonce for the same content and another for any other', () => {
    expect(nonceOf('a', { x: 1, y: 2 })).toBe(nonceOf('a', { y: 2, x: 1 }));
    expect(nonceOf('a', { x: 1 })).not.toBe(nonceOf('b', { x: 1 }));
    expect(nonceOf('a', { x: 1 })).not.toBe(nonceOf('a', { x: 2 }));
  });
});
