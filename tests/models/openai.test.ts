import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createEnvironment } from '../../src/config/environment.ts';
import { isApoError } from '../../src/core/errors.ts';
import type { ChatReply, ChatRequest, Model } from '../../src/models/model.ts';
import { loadPlugin } from '../../src/plugins.ts';
import { modelContract } from '../contracts/model.ts';
import { type FakeReply, type FakeRequest, type Fault, startFakeProvider } from '../helpers/fake-provider.ts';

const REQUEST: ChatRequest = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
const signal = new AbortController().signal;

function openai(options: object, variables: { readonly [name: string]: string } = {}): Promise<Model> {
  return loadPlugin('model', { use: 'openai', ...options }, { folder: '.', environment: createEnvironment(variables) });
}

type Script = { reply?: (request: FakeRequest) => FakeReply; faults?: (request: FakeRequest) => Fault | undefined };

/** Sends one request to a scripted server. */
async function exchange(
  script: Script,
  {
    request = REQUEST,
    options = {},
    variables = {},
  }: { request?: ChatRequest; options?: object; variables?: object } = {},
): Promise<{ reply: ChatReply; requests: readonly FakeRequest[] }> {
  await using provider = await startFakeProvider(script);
  const model = await openai({ baseUrl: provider.url, ...options }, { ...variables });
  return { reply: await model.chat(request, { signal, idempotencyKey: 'call-1' }), requests: provider.requests };
}

const replyTo = async (raw: unknown): Promise<ChatReply> => (await exchange({ reply: () => ({ raw }) })).reply;

/** A completion with just one message; everything else left out. */
const bare = (message: object, finish?: string): object => ({
  choices: [{ message, ...(finish === undefined ? {} : { finish_reason: finish }) }],
});

describe('openai', () => {
  modelContract(async () => {
    const provider = await startFakeProvider();
    return {
      model: await openai({ baseUrl: provider.url }),
      name: 'fake',
      [Symbol.asyncDispose]: provider.close,
    };
  });

  describe('request', () => {
    const full: ChatRequest = {
      model: 'm',
      messages: [
        { role: 'system', content: 's' },
        { role: 'user', content: 'u' },
        {
          role: 'assistant',
          content: '',
          reasoning_content: 'secret thoughts',
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":' } }],
        },
        { role: 'tool', tool_call_id: 'c1', content: 'broken', is_error: true },
        { role: 'assistant', content: 'done', reasoning_content: 'more thoughts' },
      ],
      tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
      temperature: 0.5,
      maxOutputTokens: 99,
      seed: 7,
      responseSchema: {
        name: 'answer',
        schema: { type: 'object', properties: {}, required: [], additionalProperties: false },
      },
    };

    it('sends everything of the request, and nothing of ours', async () => {
      const { requests } = await exchange({}, { request: full, variables: { OPENAI_API_KEY: 'key-of-the-user' } });
      expect(requests).toHaveLength(1);
      const [sent] = requests;
      expect(sent).toMatchObject({ method: 'POST', path: '/v1/chat/completions' });
      expect(sent?.headers).toMatchObject({ authorization: 'Bearer key-of-the-user', 'idempotency-key': 'call-1' });
      expect(sent?.body).toEqual({
        model: 'm',
        messages: [
          { role: 'system', content: 's' },
          { role: 'user', content: 'u' },
          {
            role: 'assistant',
            content: null,
            tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":' } }],
          },
          { role: 'tool', tool_call_id: 'c1', content: 'broken' },
          { role: 'assistant', content: 'done' },
        ],
        stream: false,
        tools: full.tools,
        temperature: 0.5,
        max_completion_tokens: 99,
        seed: 7,
        response_format: { type: 'json_schema', json_schema: { ...full.responseSchema, strict: true } },
      });
    });

    it('asks for strict schemas only where every object is closed and complete', async () => {
      const schema = {
        type: 'object',
        properties: { a: { type: 'object', properties: { b: {} } } },
        required: ['a'],
        additionalProperties: false,
      };
      const { requests } = await exchange({}, { request: { ...REQUEST, responseSchema: { name: 'n', schema } } });
      expect(requests[0]?.body).toMatchObject({ response_format: { json_schema: { strict: false } } });
    });

    it('sends no key when there is none, and the headers and body members of the options', async () => {
      const { requests } = await exchange(
        {},
        {
          options: {
            headers: { 'x-team': 'blue' },
            extraBody: { top_k: 3, stream: true },
            maxTokensField: 'max_tokens',
          },
          request: { ...REQUEST, maxOutputTokens: 5 },
        },
      );
      expect(requests[0]?.headers).not.toHaveProperty('authorization');
      expect(requests[0]?.headers).toMatchObject({ 'x-team': 'blue' });
      expect(requests[0]?.body).toMatchObject({ top_k: 3, stream: true, max_tokens: 5 });
    });

    it('keeps the query of the base URL', async () => {
      await using provider = await startFakeProvider();
      const model = await openai({}, { OPENAI_BASE_URL: `${provider.url}/?api-version=1` });
      await model.chat(REQUEST, { signal });
      expect(provider.requests[0]?.path).toBe('/v1/chat/completions?api-version=1');
    });
  });

  describe('reply', () => {
    it('reads a complete reply', async () => {
      const reply = await replyTo({
        id: 'r1',
        model: 'm-2026',
        choices: [
          {
            finish_reason: 'stop',
            message: { role: 'assistant', content: '<think>a</think>b', reasoning_content: 'c' },
          },
        ],
        usage: {
          prompt_tokens: 10,
          completion_tokens: 6,
          total_tokens: 16,
          prompt_tokens_details: { cached_tokens: 4 },
          completion_tokens_details: { reasoning_tokens: 5 },
        },
      });
      expect(reply).toEqual({
        content: '<think>a</think>b',
        thinking: 'c',
        toolCalls: [],
        finishReason: 'stop',
        usage: { input: 10, output: 6, cached: 4, reasoning: 5, estimated: false },
        model: 'm-2026',
        responseId: 'r1',
      });
    });

    it('fills in what servers leave out, and marks estimated usage', async () => {
      expect(await replyTo(bare({ content: '12345678' }))).toEqual({
        content: '12345678',
        thinking: '',
        toolCalls: [],
        finishReason: 'stop',
        usage: { input: 1, output: 2, cached: 0, reasoning: 0, estimated: true },
        model: 'm',
        responseId: '',
      });
    });

    it.each([
      [
        'parts',
        {
          content: [
            { type: 'text', text: 'a' },
            { type: 'text', text: 'b' },
          ],
        },
        'ab',
      ],
      ['no content', { content: null }, ''],
      ['no content member', {}, ''],
      ['a lone surrogate', { content: 'a\ud800b' }, 'a\ufffdb'],
    ])('reads content from %s', async (_name, message, expected) => {
      expect((await replyTo(bare(message))).content).toBe(expected);
    });

    it.each([
      ['reasoning', { content: 'a', reasoning: 'why' }],
      [
        'thinking parts',
        {
          content: [
            { type: 'thinking', thinking: [{ type: 'text', text: 'why' }] },
            { type: 'text', text: 'a' },
          ],
        },
      ],
    ])('reads thinking from %s', async (_name, message) => {
      expect(await replyTo(bare(message))).toMatchObject({ content: 'a', thinking: 'why' });
    });

    it('reads tool calls with text or object arguments, without ids, and the old function call', async () => {
      const call = (name: string, args: unknown, id?: string): object => ({
        type: 'function',
        function: { name, arguments: args },
        ...(id === undefined ? {} : { id }),
      });
      const { toolCalls } = await replyTo(
        bare(
          { tool_calls: [call('f', '{"a":', 'c9'), call('g', { b: 1 }), 'junk', call('h', undefined)] },
          'tool_calls',
        ),
      );
      expect(toolCalls.map(({ id, function: f }) => [id, f.name, f.arguments])).toEqual([
        ['c9', 'f', '{"a":'],
        ['call_1_1', 'g', '{"b":1}'],
        ['call_1_3', 'h', ''],
      ]);
      const old = await replyTo(
        bare({ content: null, function_call: { name: 'f', arguments: '{}' } }, 'function_call'),
      );
      expect(old).toMatchObject({
        finishReason: 'tool_calls',
        toolCalls: [{ id: 'call_1_0', function: { name: 'f' } }],
      });
    });

    it.each([
      [
        'refusal',
        bare({ content: null, refusal: 'I will not.' }, 'stop'),
        { finishReason: 'refusal', content: 'I will not.' },
      ],
      [
        'content filter',
        bare({ content: 'Well' }, 'content_filter'),
        { finishReason: 'content_filter', content: 'Well' },
      ],
      [
        'thinking inside the text',
        bare({ content: '<think>\nfirst this\n</think>\n\nAn answer with </think> in it.' }),
        { thinking: 'first this', content: 'An answer with </think> in it.' },
      ],
      [
        'thinking whose opening tag stands in the request',
        bare({ content: 'Okay, first this.\n</think>\n\nAn answer with </think> in it.' }),
        { thinking: 'Okay, first this.', content: 'An answer with </think> in it.' },
      ],
      [
        'no thinking where a text speaks of the tag',
        bare({ content: 'Close it with\n</think> and go on.\n' }),
        { thinking: '', content: 'Close it with\n</think> and go on.\n' },
      ],
      ['an unclosed thought', bare({ content: '<think>and so on' }), { thinking: '', content: '<think>and so on' }],
      ['length', bare({ content: 'cut o' }, 'length'), { finishReason: 'length', content: 'cut o' }],
      ['an unknown reason', bare({ content: 'x' }, 'moon_phase'), { finishReason: 'moon_phase' }],
      ['another model', { model: 'other', ...bare({ content: 'x' }) }, { model: 'other' }],
      [
        'extra fields',
        { ...bare({ content: 'x', annotations: [] }), prompt_logprobs: null, error: null },
        { content: 'x' },
      ],
    ])('tells the engine of %s', async (_name, raw, expected) => {
      expect(await replyTo(raw)).toMatchObject(expected);
    });

    it.each([
      ['gzip', gzipSync],
      ['deflate', deflateSync],
      ['br', brotliCompressSync],
    ])('reads a body compressed by %s, and asks for it', async (encoding, compress) => {
      const body = compress(JSON.stringify(bare({ content: 'small' })));
      const { reply, requests } = await exchange({
        faults: () => ({ status: 200, headers: { 'content-encoding': encoding }, body }),
      });
      expect(reply.content).toBe('small');
      expect(requests[0]?.headers['accept-encoding']).toContain(encoding);
    });

    it('reads a body behind a byte order mark', async () => {
      const body = `\ufeff${JSON.stringify(bare({ content: 'marked' }))}`;
      expect((await exchange({ faults: () => ({ status: 200, body }) })).reply.content).toBe('marked');
    });

    it.each([
      ['Azure', 400, { code: 'content_filter' }],
      ['OpenRouter', 403, { code: 403, metadata: { reasons: ['violence'], flagged_input: 'x', provider_name: 'p' } }],
      ['OpenRouter, refused by the provider', 403, { code: 'content_policy_violation' }],
    ])('takes a request that the content filter of %s rejected for a filtered reply', async (_name, status, fields) => {
      const body = { error: { ...fields, message: 'The prompt triggered the policy.' } };
      const { reply } = await exchange({ faults: () => ({ status, body }) });
      expect(reply).toMatchObject({ finishReason: 'content_filter', content: 'The prompt triggered the policy.' });
    });

    it('counts reasoning that stands beside the completion into the output', async () => {
      const usage = {
        prompt_tokens: 10,
        completion_tokens: 6,
        total_tokens: 21,
        completion_tokens_details: { reasoning_tokens: 5 },
      };
      expect((await replyTo({ ...bare({ content: 'x' }), usage })).usage).toMatchObject({ output: 11, reasoning: 5 });
    });

    it.each([{ prompt_tokens: -1, completion_tokens: 2 }, { prompt_tokens: '7' }, 'free', []])(
      'estimates usage that makes no sense: %j',
      async (usage) => {
        expect((await replyTo({ ...bare({ content: 'x' }), usage })).usage.estimated).toBe(true);
      },
    );
  });

  describe('servers that do not take a parameter', () => {
    const schema = { type: 'object', properties: { score: { type: 'number' } } };
    const rejecting =
      (rejected: (body: FakeRequest['body']) => string | undefined, status = 400) =>
      (request: FakeRequest): Fault | undefined => {
        const message = rejected(request.body);
        return message === undefined ? undefined : { status, body: { error: { message } } };
      };

    it('are asked for JSON, then in the prompt, and are remembered', async () => {
      await using provider = await startFakeProvider({
        faults: rejecting(({ response_format: format }) =>
          format === undefined ? undefined : "'response_format' is not supported",
        ),
      });
      const model = await openai({ baseUrl: provider.url });
      const request: ChatRequest = {
        model: 'm',
        messages: [{ role: 'system', content: 'Grade.' }, ...REQUEST.messages],
        responseSchema: { name: 'grade', schema },
      };
      await model.chat(request, { signal });
      expect(provider.requests.map(({ body }) => (body.response_format as { type: string } | undefined)?.type)).toEqual(
        ['json_schema', 'json_object', undefined],
      );
      expect(provider.requests[1]?.body.messages[0]?.content).toContain(JSON.stringify(schema));
      await model.chat(request, { signal });
      expect(provider.requests).toHaveLength(4);
      expect(provider.requests[3]?.text).toBe(provider.requests[2]?.text);
      expect(provider.requests[3]?.body.messages).toHaveLength(2);
      await model.chat({ ...request, model: 'another' }, { signal });
      expect(provider.requests).toHaveLength(7);
    });

    it.each([
      ["'response_format.type' must be 'json_object' or 'text'", ['json_schema', 'json_object']],
      ["'response_format.type' must be 'text'", ['json_schema', 'json_object', undefined]],
      ['Bad request', ['json_schema', undefined]],
    ])('are asked in another format after "%s"', async (message, formats) => {
      const accepted = formats.at(-1);
      const { requests } = await exchange(
        {
          faults: rejecting(({ response_format: format }) =>
            (format as { type: string } | undefined)?.type === accepted ? undefined : message,
          ),
        },
        { request: { ...REQUEST, responseSchema: { name: 'grade', schema } } },
      );
      expect(requests.map(({ body }) => (body.response_format as { type: string } | undefined)?.type)).toEqual(formats);
    });

    it.each([
      ['System role not supported', 400],
      ['Developer instruction is not enabled for models/gemma-3-27b-it', 400],
      ["Unsupported value: 'messages[0].role' does not support 'system' with this model.", 400],
      ['Conversation roles must alternate user/assistant/user/assistant/...', 400],
      ['Jinja Exception: Only user and assistant roles are supported!', 500],
    ])('are asked without a system message after "%s", its text before the first of the user', async (said, status) => {
      const { requests } = await exchange(
        { faults: rejecting(({ messages }) => (messages[0]?.role === 'system' ? said : undefined), status) },
        {
          request: {
            ...REQUEST,
            messages: [
              { role: 'system', content: 'Be brief.' },
              { role: 'user', content: 'Hi' },
            ],
          },
        },
      );
      expect(requests[1]?.body.messages).toEqual([{ role: 'user', content: 'Be brief.\n\nHi' }]);
    });

    it('are asked in turns: what one role says in a row is one message', async () => {
      const said =
        'After the optional system message, conversation roles must alternate user/assistant/user/assistant/...';
      const repeats = (messages: FakeRequest['body']['messages']) =>
        messages.some(({ role }, index) => role === messages[index - 1]?.role);
      const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } } as const;
      const { requests } = await exchange(
        { faults: rejecting(({ messages }) => (repeats(messages) ? said : undefined)) },
        {
          request: {
            ...REQUEST,
            messages: [
              { role: 'system', content: 'Be brief.' },
              { role: 'user', content: 'A document.' },
              { role: 'user', content: 'A question?' },
              { role: 'assistant', content: '', tool_calls: [call] },
              { role: 'tool', tool_call_id: 'c', content: 'found' },
              { role: 'assistant', content: 'An answer.' },
            ],
          },
        },
      );
      expect(requests).toHaveLength(2);
      expect(requests[1]?.body.messages.map(({ role, content }) => [role, content])).toEqual([
        ['system', 'Be brief.'],
        ['user', 'A document.\n\nA question?'],
        ['assistant', null],
        ['tool', 'found'],
        ['assistant', 'An answer.'],
      ]);
    });

    it.each([
      [
        'temperature',
        "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.",
      ],
      ['seed', 'Unrecognized request argument supplied: seed'],
    ])('are asked without %s', async (parameter, message) => {
      const request = { ...REQUEST, temperature: 0, seed: 1 };
      const { requests } = await exchange(
        { faults: rejecting((body) => (parameter in body ? message : undefined)) },
        { request },
      );
      expect(requests).toHaveLength(2);
      expect(requests[1]?.body).not.toHaveProperty(parameter);
    });

    it.each([
      [
        'max_completion_tokens',
        'max_tokens',
        422,
        { detail: [{ loc: ['body', 'max_completion_tokens'], msg: 'Extra inputs are not permitted' }] },
      ],
      [
        'max_tokens',
        'max_completion_tokens',
        400,
        {
          error: {
            param: 'max_tokens',
            code: 'unsupported_parameter',
            message:
              "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
          },
        },
      ],
    ])('are asked with the other field when they do not take %s', async (first, second, status, body) => {
      const { requests } = await exchange(
        { faults: (request) => (first in request.body ? { status, body } : undefined) },
        { request: { ...REQUEST, maxOutputTokens: 50 }, options: { maxTokensField: first } },
      );
      expect(requests.map((request) => [request.body[first], request.body[second]])).toEqual([
        [50, undefined],
        [undefined, 50],
      ]);
    });

    it('are adapted to in several ways at once', async () => {
      const request = {
        ...REQUEST,
        temperature: 0,
        seed: 1,
        maxOutputTokens: 5,
        responseSchema: { name: 'n', schema },
      };
      const unknown = (body: object): string | undefined =>
        ['max_completion_tokens', 'seed', 'temperature', 'response_format'].find((parameter) => parameter in body);
      const { requests } = await exchange(
        {
          faults: rejecting((body) => (unknown(body) === undefined ? undefined : `unknown parameter ${unknown(body)}`)),
        },
        { request },
      );
      expect(requests.at(-1)?.body).toEqual({ model: 'm', messages: expect.any(Array), stream: false, max_tokens: 5 });
    });

    it('are not asked again when they reject the value, or for ever', async () => {
      await using provider = await startFakeProvider({
        faults: ({ body }) => ({
          status: 400,
          body: {
            error: {
              message:
                body.model === 'range'
                  ? 'temperature must be at most 2'
                  : 'unsupported: seed, temperature, response_format, max_tokens, max_completion_tokens',
            },
          },
        }),
      });
      const model = await openai({ baseUrl: provider.url });
      await expect(model.chat({ ...REQUEST, model: 'range', temperature: 3 }, { signal })).rejects.toMatchObject({
        kind: 'invalid',
      });
      expect(provider.requests).toHaveLength(1);
      const everything = {
        ...REQUEST,
        temperature: 1,
        seed: 1,
        maxOutputTokens: 5,
        responseSchema: { name: 'n', schema },
      };
      await expect(model.chat(everything, { signal })).rejects.toMatchObject({ kind: 'invalid' });
      expect(provider.requests.length).toBeLessThan(10);
    });
  });

  describe('set-up', () => {
    it.each([
      ['no key for OpenAI', {}, {}, /OPENAI_API_KEY is not set/],
      ['no key under another name', { apiKeyEnv: 'MY_KEY' }, { OPENAI_API_KEY: 'x' }, /MY_KEY is not set/],
      ['a key with a line break', {}, { OPENAI_API_KEY: 'canary-a\ncanary-b' }, /OPENAI_API_KEY contains characters/],
      ['an address without a scheme', { baseUrl: 'localhost:8000/v1' }, {}, /no http\(s\) address/],
      ['an address with credentials', { baseUrl: 'https://canary:canary@host/v1' }, {}, /at host contains credentials/],
    ])('%s is a config error with a hint', async (_name, options, variables, message) => {
      const error = await openai(options, variables as never).catch((thrown: unknown) => thrown);
      expect(isApoError(error) && [error.code, error.hint !== undefined]).toEqual(['config-invalid', true]);
      expect((error as Error).message).toMatch(message);
      expect((error as Error).message).not.toContain('canary');
    });

    it('names OpenAI, or the host of another server', async () => {
      expect((await openai({}, { OPENAI_API_KEY: 'k' })).provider).toBe('openai');
      expect((await openai({ baseUrl: 'http://localhost:8000/v1' })).provider).toBe('localhost:8000');
      const variables = { OPENAI_BASE_URL: 'http://localhost:9000/v1', OTHER_KEY: 'x' };
      expect((await openai({ baseUrl: 'http://localhost:8000/v1' }, variables)).provider).toBe('localhost:9000');
      const own = { baseUrl: 'http://localhost:8000/v1', apiKeyEnv: 'OTHER_KEY' };
      expect((await openai(own, variables)).provider).toBe('localhost:8000');
    });
  });
});
