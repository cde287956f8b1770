import { describe, expect, it } from 'vitest';
import { createEnvironment } from '../../src/config/environment.ts';
import type { ChatRequest, Model } from '../../src/models/model.ts';
import { loadPlugin } from '../../src/plugins.ts';
import { type FakeProvider, startFakeProvider } from '../helpers/fake-provider.ts';

const REQUEST: ChatRequest = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
const signal = new AbortController().signal;

function modelOf(provider: FakeProvider, options: object = {}, variables = {}): Promise<Model> {
  return loadPlugin(
    'model',
    { use: 'openai', baseUrl: provider.url, ...options },
    { folder: '.', environment: createEnvironment(variables) },
  );
}

describe('openai', () => {
  it('returns the reply of a server', async () => {
    await using provider = await startFakeProvider({ reply: () => 'hello' });
    const model = await modelOf(provider);
    const reply = await model.chat(REQUEST, { signal });
    expect(reply).toMatchObject({ content: 'hello', finishReason: 'stop', model: 'm', responseId: 'chatcmpl-1' });
  });
});
