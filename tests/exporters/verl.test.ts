import { describe, expect, it } from 'vitest';
import createVerl from '../../src/exporters/verl.ts';
import { describeExporter } from '../contracts/exporter.ts';
import { sampleOf } from './conversations.ts';
import { checkChat } from './oracles/chat.ts';

const rules = { arguments: 'object', roles: ['system', 'user', 'assistant', 'tool'] } as const;

describeExporter('verl', {
  create: createVerl,
  read: {
    sft(row) {
      checkChat(row.messages as never, row.tools as never, { ...rules, last: ['assistant'] });
    },
    rft(row) {
      const extra = row.extra_info as { tools: string };
      checkChat(row.prompt as never, JSON.parse(extra.tools), { ...rules, last: ['user'] });
      expect(Object.keys(row)).toEqual(['data_source', 'prompt', 'ability', 'reward_model', 'extra_info']);
      expect(Object.keys(extra)).toEqual(['split', 'index', 'id', 'tools']);
      expect(row.reward_model).toEqual({ style: 'rule', ground_truth: 'yes' });
    },
  },
});

describe('verl rows', () => {
  it('name their split as verl does, and their place in it', () => {
    const verl = createVerl();
    const rendered = verl.rft?.({ ...sampleOf(), reference: 'yes' }, { thinking: 'drop', strings: false });
    const [row = {}] = rendered?.ok === true ? rendered.rows : [];
    expect(verl.place?.(row, { split: 'val', index: 3 }).extra_info).toMatchObject({ split: 'test', index: 3 });
    expect(verl.place?.(row, { split: 'train', index: 0 }).extra_info).toMatchObject({ split: 'train', index: 0 });
  });
});
