import { expect } from 'vitest';
import createHermes from '../../src/exporters/hermes.ts';
import { describeExporter } from '../contracts/exporter.ts';

type Turn = { readonly from: string; readonly value: string };

describeExporter('hermes', {
  create: createHermes,
  read: {
    sft(row, sample) {
      const turns = row.conversations as readonly Turn[];
      const tools = JSON.parse(row.tools as string) as { function: { name: string } }[];
      const [first, ...rest] = turns;
      if (tools.length > 0) expect(first?.value).toContain(`<tools>${row.tools}</tools>`);
      const said = first?.from === 'system' ? rest : turns;
      said.forEach((turn, index) => {
        expect(index % 2 === 0 ? ['human', 'tool'] : ['gpt']).toContain(turn.from);
      });
      expect(said.at(-1)?.from).toBe('gpt');
      const calls = sample.messages.flatMap((message) =>
        message.role === 'assistant' ? (message.tool_calls ?? []) : [],
      );
      for (const { value } of said.filter(({ from }) => from === 'tool')) {
        for (const [, json] of value.matchAll(/^<tool_response>\n(.*)\n<\/tool_response>$/gm)) {
          expect(Object.keys(JSON.parse(json ?? ''))).toEqual(['name', 'content']);
        }
      }
      const written = said
        .filter(({ from }) => from === 'gpt')
        .flatMap(({ value }) => [...value.matchAll(/^<tool_call>\n(.*)\n<\/tool_call>$/gm)])
        .map(([, json]) => JSON.parse(json ?? ''));
      expect(written).toEqual(
        calls.map((call) => ({
          name: call.function.name,
          arguments: JSON.parse(call.function.arguments.trim() || '{}'),
        })),
      );
    },
  },
});
