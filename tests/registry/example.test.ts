import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { writeBestPrompts } from '../../src/registry/record.ts';
import { temporaryFolder } from '../helpers/folder.ts';
import { repositoryPath, runNode } from '../helpers/process.ts';
import { aRun, aVersion } from '../helpers/store-data.ts';
import { openStore } from '../helpers/store-files.ts';

it('the example agent answers with the trained prompt, and says what to do when there is none', async () => {
  const results = temporaryFolder();
  const requests: { messages: { role: string; content: string }[] }[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    requests.push(JSON.parse(body));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ choices: [{ message: { role: 'assistant', content: 'forty-two' } }] }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const env = {
      OPENAI_BASE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
      OPENAI_API_KEY: 'none',
      APO_RESULTS: results,
      NAME: 'Ada',
    };
    const example = repositoryPath('examples/agent-loop.js');
    expect(await runNode([example], { env })).toMatchObject({ code: 1, stderr: expect.stringContaining('apo train') });

    const store = openStore(':memory:');
    await store.runs.create(aRun('run-1'));
    await store.prompts.save(aVersion('Answer {{name}}.'));
    await writeBestPrompts(store, results);
    await store.close();
    const child = spawn(process.execPath, [example], { env: { PATH: process.env.PATH, ...env } });
    let stdout = '';
    child.stdout.on('data', (text) => {
      stdout += text;
    });
    child.stdin.end('What is it?\n');
    await once(child, 'close');
    expect(stdout).toBe('forty-two\n');
    expect(requests[0]?.messages.map(({ content }) => content)).toEqual(['Answer Ada.', 'What is it?']);
  } finally {
    server.close();
  }
});
