import { describe, expect, it } from 'vitest';
import createShareGpt from '../../src/exporters/sharegpt.ts';
import { describeExporter } from '../contracts/exporter.ts';
import { sampleOf, talk } from './conversations.ts';
import { readShareGpt } from './oracles/llama-factory.ts';

describeExporter('sharegpt', {
  create: createShareGpt,
  read: {
    sft: (row, sample) => {
      const { tools } = readShareGpt(row);
      expect(tools).toEqual(sample.tools.map((tool) => tool.function.name));
    },
    kto: (row) => readShareGpt(row, { kto: true }),
    dpo: (row) => readShareGpt(row, { ranking: true }),
  },
});

describe('sharegpt rows', () => {
  const render = { thinking: 'drop', strings: false } as const;

  it('merge parallel calls and their results, and drop the text beside them', () => {
    const rendered = createShareGpt().sft?.(sampleOf(), render);
    expect(rendered).toEqual({
      ok: true,
      rows: [
        {
          conversations: [
            { from: 'human', value: 'Weather in Paris and Rome?' },
            {
              from: 'function_call',
              value:
                '[{"name":"get_weather","arguments":{"city":"Paris"}},{"name":"get_weather","arguments":{"city":"Rome"}}]',
            },
            { from: 'observation', value: '18C in Paris\nno data' },
            { from: 'gpt', value: 'Paris 18C, Rome unknown.' },
          ],
          system: 'Be brief.',
          tools:
            '[{"name":"get_weather","description":"","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}]',
        },
      ],
    });
  });

  it('keep thinking and text beside a call as a thought when asked to', () => {
    const rendered = createShareGpt().sft?.(sampleOf(), { ...render, thinking: 'tag' });
    const [row] = rendered?.ok === true ? rendered.rows : [];
    const values = ((row?.conversations ?? []) as { value: string }[]).map(({ value }) => value);
    expect(values[1]).toMatch(/^<think>\nI need both\.\n\nLet me look\.\n<\/think>\n\n\[\{"name"/);
    expect(values[3]).toBe('<think>\nRome is unknown.\n</think>\n\nParis 18C, Rome unknown.');
  });

  it('refuse media placeholders, which the trainer would count', () => {
    const rendered = createShareGpt().sft?.(sampleOf({ events: talk('see <image>', 'no') }), render);
    expect(rendered).toEqual({ ok: false, reason: 'text contains a media placeholder' });
  });

  it('are described as dataset_info.json wants it', () => {
    expect(createShareGpt().describe?.('dpo', 'pairs.json')).toEqual({
      file_name: 'pairs.json',
      formatting: 'sharegpt',
      ranking: true,
      columns: { messages: 'conversations', system: 'system', tools: 'tools', chosen: 'chosen', rejected: 'rejected' },
    });
  });
});
