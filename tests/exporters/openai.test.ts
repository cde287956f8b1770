import { describe, expect, it } from 'vitest';
import createOpenai from '../../src/exporters/openai.ts';
import { describeExporter } from '../contracts/exporter.ts';
import { eventsOf, sampleOf } from './conversations.ts';
import { checkChat } from './oracles/chat.ts';

const rules = {
  arguments: 'string',
  roles: ['system', 'user', 'assistant', 'tool'],
  last: ['assistant'],
} as const;

describeExporter('openai', {
  create: createOpenai,
  read: {
    sft(row) {
      expect(Object.keys(row).filter((key) => !['messages', 'tools'].includes(key))).toEqual([]);
      checkChat(row.messages as never, (row.tools ?? []) as never, rules);
    },
    dpo(row) {
      const input = row.input as { messages: never; tools: never };
      checkChat(input.messages, input.tools, { ...rules, last: ['user', 'tool'] });
      for (const key of ['preferred_output', 'non_preferred_output']) {
        const [answer, ...more] = row[key] as { role: string; content: string; tool_calls?: unknown[] }[];
        expect(answer?.role).toBe('assistant');
        expect(answer?.content !== '' || (answer?.tool_calls ?? []).length > 0).toBe(true);
        expect(more).toEqual([]);
      }
    },
    rft(row) {
      const roles = ['developer', 'user', 'assistant', 'tool'];
      checkChat(row.messages as never, (row.tools ?? []) as never, { ...rules, roles, last: ['user'] });
      expect(row.reference_answer).toBe('yes');
    },
  },
});

describe('openai rows', () => {
  it('mask earlier answers: each was an example of its own', () => {
    const events = eventsOf(
      { type: 'user', content: 'Hi' },
      { type: 'reply', content: 'Hello' },
      { type: 'user', content: 'Bye' },
      { type: 'reply', content: 'Goodbye' },
    );
    const rendered = createOpenai().sft?.(sampleOf({ events }), { thinking: 'drop', strings: false });
    expect(rendered).toEqual({
      ok: true,
      rows: [
        {
          messages: [
            { role: 'user', content: 'Hi' },
            { role: 'assistant', content: 'Hello', weight: 0 },
            { role: 'user', content: 'Bye' },
            { role: 'assistant', content: 'Goodbye' },
          ],
        },
      ],
    });
  });
});
