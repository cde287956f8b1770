import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { renderTree } from '../../src/commands/trace/tree.ts';
import { renderWaterfall } from '../../src/commands/trace/waterfall.ts';
import type { Span } from '../../src/core/trace.ts';
import { span } from '../helpers/spans.ts';

/** Each span is the parent of the next one. */
const chain: readonly Span[] = Array.from({ length: 3_000 }, (_, index) => ({
  ...span({}, { spanId: `${index + 1}`.padStart(16, '0'), from: index, to: 5_000, name: `step ${index}.` }),
  parentSpanId: index === 0 ? null : `${index}`.padStart(16, '0'),
}));

describe('a trace of thousands of levels', () => {
  it.each([
    ['tree', renderTree(chain), 300],
    ['waterfall', renderWaterfall(chain, 100), 110],
  ])('names every span in lines of bounded length as a %s', (_name, text, width) => {
    const lines = stripVTControlCharacters(text).split('\n');
    expect(lines).toHaveLength(chain.length);
    for (const [index, line] of lines.entries()) {
      expect(line).toContain(`step ${index}.`);
      expect(line.length).toBeLessThan(width);
    }
  });
});
