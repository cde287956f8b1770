import { expect } from 'vitest';
import createTrl from '../../src/exporters/trl.ts';
import { describeExporter } from '../contracts/exporter.ts';
import { checkChat } from './oracles/chat.ts';

type Row = { readonly [key: string]: unknown };
const ROLES = ['system', 'user', 'assistant', 'tool'];

function check(row: Row, messages: unknown, strings: boolean, last: readonly string[]): void {
  const tools = typeof row.tools === 'string' ? JSON.parse(row.tools) : (row.tools ?? []);
  expect(typeof (row.tools ?? (strings ? '' : []))).toBe(strings ? 'string' : 'object');
  checkChat(messages as never, tools, { arguments: strings ? 'string' : 'object', roles: ROLES, last });
}

describeExporter('trl', {
  create: createTrl,
  read: {
    sft: (row, _sample, { strings }) => check(row, row.messages, strings, ['assistant']),
    dpo(row, _sample, { strings }) {
      check(row, row.prompt, strings, ['user']);
      for (const key of ['chosen', 'rejected']) {
        check(row, [...(row.prompt as []), ...(row[key] as [])], strings, ['assistant']);
        expect(row[key]).not.toEqual([]);
      }
    },
    kto(row, _sample, { strings }) {
      check(row, [...(row.prompt as []), ...(row.completion as [])], strings, ['assistant']);
      expect(row.label).toBe(true);
    },
    rft(row, _sample, { strings }) {
      check(row, row.prompt, strings, ['user']);
      expect(row.reference_answer).toBe('yes');
    },
  },
});
