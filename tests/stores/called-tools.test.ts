import { expect, it } from 'vitest';
import { temporaryStore } from '../helpers/folder.ts';
import { span } from '../helpers/spans.ts';
import { openStore } from '../helpers/store-files.ts';

it('finds a trace by a tool that its reply called, also where no span says that the tool ran', async () => {
  const store = openStore(temporaryStore());
  const parts = [{ type: 'tool_call', id: 'c1', name: 'get_weather', arguments: {} }];
  const reply = JSON.stringify([{ role: 'assistant', parts }]);
  await store.traces.saveSpans([span({ 'gen_ai.operation.name': 'chat', 'gen_ai.output.messages': reply })]);
  const { traces } = await store.traces.list({ tool: 'get_weather' });
  expect(traces.map(({ tools }) => tools)).toEqual([['get_weather']]);
  expect((await store.traces.list({ tool: 'other' })).traces).toEqual([]);
  await store.close();
});
