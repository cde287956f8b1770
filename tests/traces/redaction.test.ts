import { describe, expect, it } from 'vitest';
import type { TraceSink } from '../../src/traces/sink.ts';
import { createHttpSink } from '../../src/traces/sinks/http.ts';
import { span, trace } from '../../src/traces/tracing.ts';
import { memorySink, recordingFor } from './recording.ts';

const KEY = 'sk-proj-abcdefghijklmnopqrstuvwxyz0123456789';

function turn(): void {
  trace(
    'a',
    (root) => {
      root.input('I am bob@example.com, again: bob@example.com');
      span.tool('mail', () => 'sent to bob@example.com', { arguments: { to: 'bob@example.com', key: KEY } });
      span.model('gpt-x', (call) => call.set({ 'gen_ai.response.id': 'chatcmpl-1' }));
    },
    { note: 'carol@example.com' },
  );
}

async function sent(redaction?: 0 | 1 | 2 | 3 | 4) {
  const local = memorySink();
  const remote: TraceSink & { spans: readonly object[] } = { ...memorySink(), leavesMachine: true };
  const recording = recordingFor({ sinks: [local, remote], ...(redaction === undefined ? {} : { redaction }) });
  turn();
  await recording.close();
  return { local: JSON.stringify(local.spans), remote: JSON.stringify(remote.spans), spans: remote.spans };
}

describe('what leaves the machine', () => {
  it('is redacted at level 2 without being asked, with one placeholder for one value; the local copy is whole', async () => {
    const { local, remote } = await sent();
    expect(local).toContain('bob@example.com');
    expect(local).toContain(KEY);
    for (const text of ['bob@', 'carol@', KEY]) expect(remote).not.toContain(text);
    expect(remote).toContain('I am <EMAIL_');
    expect(new Set(remote.match(/(?<=to (\\?")?|I am )<EMAIL_\d>/g)).size).toBe(1);
    expect(remote).toContain('chatcmpl-1');
  });

  it('keeps tool arguments valid JSON', async () => {
    const { spans } = await sent();
    const tool = spans.find((each) => 'kind' in each && each.kind === 'tool') as { attributes: Record<string, string> };
    expect(JSON.parse(tool.attributes['gen_ai.tool.call.arguments'] ?? '')).toMatchObject({
      to: expect.stringMatching(/^<EMAIL_\d>$/),
    });
  });

  it('is whole at level 0 and without secrets at level 1', async () => {
    expect((await sent(0)).remote).toContain(KEY);
    const one = (await sent(1)).remote;
    expect(one).not.toContain(KEY);
    expect(one).toContain('bob@example.com');
  });

  it('is what goes to another host', () => {
    const leaves = (url: string) => createHttpSink({ url }).leavesMachine;
    expect(['http://localhost:1', 'http://127.0.0.1', 'http://[::1]:4318/x'].map(leaves)).toEqual([
      false,
      false,
      false,
    ]);
    expect(['https://otel.example.com', 'http://10.0.0.1', 'http://localhost.evil.com'].map(leaves)).toEqual([
      true,
      true,
      true,
    ]);
  });
});
