import { appendFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createJsonlSink } from '../../src/traces/sinks/jsonl.ts';
import { temporaryFolder } from '../helpers/folder.ts';
import { inProcess } from '../helpers/in-process.ts';
import { span } from '../helpers/spans.ts';

it('reads what JSONL sinks wrote into a store that is made for it, once, without what is no span', async () => {
  const folder = join(temporaryFolder(), 'spans');
  const store = join(temporaryFolder(), 'apo.db');
  mkdirSync(folder);
  const messages = (content: string): string => JSON.stringify([{ role: 'user', parts: [{ type: 'text', content }] }]);
  const chat = { 'gen_ai.operation.name': 'chat', 'gen_ai.conversation.id': 's1', 'gen_ai.request.model': 'm' };
  const sink = createJsonlSink({ folder });
  await sink.write(
    [
      span({ ...chat, 'gen_ai.input.messages': messages('what is up') }, { traceId: 'a'.repeat(32) }),
      span({ ...chat, 'gen_ai.input.messages': messages('and now') }, { traceId: 'b'.repeat(32) }),
    ],
    { signal: new AbortController().signal },
  );
  const [name = ''] = readdirSync(folder);
  const foreign = { ...span({}, {}), schema_version: 1, startNs: 'yesterday' };
  appendFileSync(join(folder, name), `${JSON.stringify(foreign)}\n{"schema_version":1,"traceId":"c`);
  for (const given of [folder, join(folder, name)]) {
    const { code, stdout } = await inProcess('trace', 'import', given, '--store', store, '--json');
    expect([code, JSON.parse(stdout)]).toEqual([0, { files: [join(folder, name)], spans: 2, skipped: 2 }]);
  }
  const { stdout } = await inProcess('trace', 'list', '--session', 's1', '--store', store, '--json');
  expect(JSON.parse(stdout).traces.map(({ input, spans }: { input: string; spans: number }) => [input, spans])).toEqual(
    [
      ['and now', 1],
      ['what is up', 1],
    ],
  );
});

it('names a folder without span files, and a file that is not there', async () => {
  const folder = temporaryFolder();
  const store = join(folder, 'apo.db');
  writeFileSync(join(folder, 'notes.jsonl'), '{}\n');
  expect(await inProcess('trace', 'import', folder, '--store', store)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no spans-*.jsonl in'),
  });
  expect(await inProcess('trace', 'import', join(folder, 'none.jsonl'), '--store', store)).toMatchObject({ code: 1 });
  expect(readdirSync(folder)).toEqual(['notes.jsonl']);
});
