import { describe, expect, it } from 'vitest';
import createTransitions from '../../src/exporters/transitions.ts';
import { describeExporter } from '../contracts/exporter.ts';
import { sampleOf } from './conversations.ts';

describeExporter('transitions', {
  create: createTransitions,
  read: {
    trajectory(row, sample) {
      const state = row.state as { role: string }[];
      expect((row.action as { role: string }).role).toBe('assistant');
      expect(['user', 'tool']).toContain(state.at(-1)?.role);
      expect(row.done).toBe(state.length === sample.messages.length - 1);
      expect(row.reward).toBe(row.done === true ? sample.score : 0);
    },
  },
});

describe('transitions', () => {
  it('are one row for each step, rewarded at the end', () => {
    const rendered = createTransitions().trajectory?.(sampleOf({ score: 0.25 }), { thinking: 'drop', strings: false });
    const rows = rendered?.ok === true ? rendered.rows : [];
    expect(rows.map(({ step, reward, done }) => [step, reward, done])).toEqual([
      [0, 0, false],
      [1, 0.25, true],
    ]);
  });

  it('need a score', () => {
    expect(createTransitions().trajectory?.(sampleOf({ score: null }), { thinking: 'drop', strings: false })).toEqual({
      ok: false,
      reason: 'no score',
    });
  });
});
