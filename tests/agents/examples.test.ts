import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createEnvironment } from '../../src/config/environment.ts';
import { createPrompt } from '../../src/core/prompt.ts';
import { loadPlugin } from '../../src/plugins.ts';
import { agentContext, callOf, graderContext, replyOf, rolloutOf, taskOf } from '../helpers/contexts.ts';

const context = { folder: resolve('config/examples'), environment: createEnvironment({}) };

describe('the examples of plug-ins', () => {
  it('grade', async () => {
    const grader = await loadPlugin('grader', { use: './grader.js' }, context);
    const grade = (answer: string) => grader.grade(rolloutOf(answer), taskOf({ expected: '42' }), graderContext());
    expect(await grade('It is 42.')).toEqual({ status: 'scored', score: 1, reason: 'right and short' });
    expect(await grade('no idea')).toMatchObject({ score: 0 });
    expect(await grade(`42 ${'very '.repeat(40)}`)).toMatchObject({ score: 0.5 });
  });

  it('offer tools', async () => {
    const agent = await loadPlugin('agent', { use: 'chat', tools: './tools.js' }, context);
    const call = replyOf('', { toolCalls: [callOf('find_order', '{"number": 7}')] });
    const recording = agentContext([call, replyOf('It is on its way.')]);
    expect(await agent.run(createPrompt('Help.'), taskOf(), recording)).toMatchObject({ status: 'ok' });
    expect(recording.results).toEqual([
      { content: '{"number":7,"status":"shipped"}', isError: false, replayed: false },
    ]);
  });

  it('answer by a server', async () => {
    const server = createServer((_request, response) => {
      response.end(JSON.stringify({ choices: [{ message: { content: '42' } }] }));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    process.env.OPENAI_BASE_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    try {
      const agent = await loadPlugin('agent', { use: 'module', module: './agent.js' }, context);
      expect(await agent.run(createPrompt('Help.'), taskOf(), agentContext())).toMatchObject({ answer: '42' });
    } finally {
      delete process.env.OPENAI_BASE_URL;
      server.closeAllConnections();
      server.close();
    }
  });
});
