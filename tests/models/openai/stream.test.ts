import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEnvironment } from '../../../src/config/environment.ts';
import type { ChatRequest, Model } from '../../../src/models/model.ts';
import { completionOf } from '../../../src/models/openai/stream.ts';
import { loadPlugin } from '../../../src/plugins.ts';
import { type FakeRequest, type Fault, startFakeProvider } from '../../helpers/fake-provider.ts';
import { startWorld } from '../../helpers/trainee.ts';

const signal = new AbortController().signal;
const REQUEST: ChatRequest = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };

function openai(options: object): Promise<Model> {
  return loadPlugin('model', { use: 'openai', ...options }, { folder: '.', environment: createEnvironment({}) });
}

const chunk = (delta: object, more: object = {}) => ({
  id: 'r1',
  model: 'm-1',
  choices: [{ index: 0, delta, ...more }],
});
const DONE = 'data: [DONE]\n\n';
const eventsOf = (chunks: readonly object[]) => chunks.map((each) => `data: ${JSON.stringify(each)}\n\n`).join('');

/** One request to a server whose every answer is this body as a stream. */
async function replyTo(body: string) {
  const fault = { status: 200, headers: { 'content-type': 'text/event-stream; charset=utf-8' }, body };
  await using provider = await startFakeProvider({ faults: () => fault });
  const model = await openai({ baseUrl: provider.url });
  return await model.chat(REQUEST, { signal });
}

describe('a stream that nobody asked for', () => {
  it('is the reply that its pieces amount to', async () => {
    const call = (index: number, piece: object) => ({ tool_calls: [{ index, ...piece }] });
    const chunks = [
      chunk({ role: 'assistant', content: '' }),
      chunk({ reasoning_content: 'let me ' }),
      chunk({ reasoning_content: 'see' }),
      chunk({ content: 'Look' }),
      chunk({ content: 'ing.' }),
      { ...chunk({ content: 'another' }), choices: [{ index: 1, delta: { content: 'another choice' } }] },
      chunk(call(0, { id: 'c1', type: 'function', function: { name: 'find', arguments: '' } })),
      chunk(call(0, { function: { arguments: '{"a":' } })),
      chunk(call(1, { id: 'c2', function: { name: 'add', arguments: '{}' } })),
      chunk(call(0, { function: { arguments: '1}' } })),
      chunk({}, { finish_reason: 'tool_calls' }),
      { choices: [], usage: { prompt_tokens: 7, completion_tokens: 5 } },
    ];
    expect(await replyTo(`: OPENROUTER PROCESSING\n\n${eventsOf(chunks)}${DONE}`)).toEqual({
      content: 'Looking.',
      thinking: 'let me see',
      toolCalls: [
        { id: 'c1', type: 'function', function: { name: 'find', arguments: '{"a":1}' } },
        { id: 'c2', type: 'function', function: { name: 'add', arguments: '{}' } },
      ],
      finishReason: 'tool_calls',
      usage: { input: 7, output: 5, cached: 0, reasoning: 0, estimated: false },
      model: 'm-1',
      responseId: 'r1',
    });
  });

  it('is read whatever its line ends, and when the whole message comes at once', async () => {
    const body = `${eventsOf([chunk({ content: 'a' }), chunk({ content: 'b' }, { finish_reason: 'stop' })])}${DONE}`;
    for (const end of ['\n', '\r\n', '\r']) {
      expect((await replyTo(body.replaceAll('\n', end))).content).toBe('ab');
    }
    const whole = { choices: [{ index: 0, message: { role: 'assistant', content: 'c' }, finish_reason: 'stop' }] };
    expect((await replyTo(eventsOf([whole]))).content).toBe('c');
  });

  it.each([
    ['has no end', eventsOf([chunk({ content: 'half a rep' })]), 'protocol'],
    ['has no reason to finish', eventsOf([chunk({ content: 'half a rep' })]) + DONE, 'protocol'],
    ['breaks off after its text', eventsOf([chunk({ content: 'a rep' }, { finish_reason: 'stop' })]), 'protocol'],
    ['holds no message', eventsOf([chunk({}, { finish_reason: 'stop' })]) + DONE, 'protocol'],
    ['is not JSON', 'data: {"choices": [\n\n', 'protocol'],
    ['ends in an error', eventsOf([chunk({ content: 'a' }), { error: { code: 503, message: 'gone' } }]), 'overloaded'],
  ])('is a fault when it %s', async (_what, body, kind) => {
    await expect(replyTo(body)).rejects.toMatchObject({ kind });
  });

  it('gives the text back however it was cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1 }), (pieces) => {
        const end = chunk({}, { finish_reason: 'stop' });
        const stream = eventsOf([...pieces.map((content) => chunk({ content })), end]);
        expect(completionOf(stream + DONE)).toMatchObject({ choices: [{ message: { content: pieces.join('') } }] });
      }),
    );
  });
});

it('a model that only streams is asked for a stream, and remembered', async () => {
  await using world = await startWorld({
    faults({ body }: FakeRequest): Fault | undefined {
      const message = 'This model only support stream mode, please enable the stream parameter to access the model.';
      return body.stream === true ? undefined : { status: 400, body: { error: { message } } };
    },
  });
  const model = await openai({ baseUrl: world.url });
  const reply = await model.chat(REQUEST, { signal });
  expect(reply.content).not.toBe('');
  await model.chat(REQUEST, { signal });
  expect(world.requests.map(({ body }) => body.stream)).toEqual([false, true, true]);
});
