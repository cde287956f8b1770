import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Agent } from '../../src/agents/agent.ts';
import createChatAgent, { options } from '../../src/agents/chat.ts';
import type { Message } from '../../src/core/message.ts';
import { createPrompt } from '../../src/core/prompt.ts';
import { testAgent } from '../contracts/agent.ts';
import { agentContext, callOf, pluginContext, replyOf, taskOf } from '../helpers/contexts.ts';
import { temporaryFolder } from '../helpers/folder.ts';

const TOOLS = `
export default [
  { name: 'add', description: 'Adds.', parameters: { type: 'object' }, execute: ({ a, b }) => a + b },
  { name: 'fail', execute: () => { throw new Error('disk on fire'); } },
  { name: 'circle', execute: () => { const value = {}; value.self = value; return value; } },
  { name: 'hang', execute: () => new Promise(() => {}) },
];
`;

function toolFile(source = TOOLS): { readonly folder: string; readonly tools: string } {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'tools.mjs'), source);
  return { folder, tools: './tools.mjs' };
}

async function chatAgent(given: Parameters<typeof options.parse>[0] = {}, folder = '.'): Promise<Agent> {
  return createChatAgent(options.parse(given), pluginContext(folder));
}

async function agentWithTools(given: { readonly [name: string]: unknown } = {}): Promise<Agent> {
  const { folder, tools } = toolFile();
  return chatAgent({ tools, ...given }, folder);
}

const prompt = createPrompt('Be brief.');

testAgent('chat', () => chatAgent(), [replyOf('42')]);

describe('what the chat agent sends', () => {
  it('is system prompt, context and input', async () => {
    const context = agentContext([replyOf('ok')]);
    const history: Message[] = [
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Hi' },
    ];
    await (await chatAgent()).run(prompt, taskOf({ context: history }), context);
    expect(context.chats).toEqual([
      {
        messages: [
          { role: 'system', content: 'Be brief.' },
          ...history,
          { role: 'user', content: 'What is six times seven?' },
        ],
        tools: undefined,
      },
    ]);
  });

  it('fills placeholders from variables, components and the task, in one pass', async () => {
    const context = agentContext([replyOf('ok')]);
    const rich = createPrompt({
      system: '{{tone}} {{name}} {{category}} {{metadata.plan}} {{task.input}}',
      tone: 'Polite to {{name}}.',
    });
    const agent = await chatAgent({ variables: { name: '{{category}}' } });
    await agent.run(rich, taskOf({ category: 'maths', metadata: { plan: 3 }, input: 'Q {{name}}' }), context);
    expect(context.chats[0]?.messages[0]).toEqual({
      role: 'system',
      content: 'Polite to {{category}}. {{category}} maths 3 Q {{name}}',
    });
    expect(context.chats[0]?.messages[1]).toEqual({ role: 'user', content: 'Q {{name}}' });
  });

  it('leaves out calls without results and results without calls, which providers reject', async () => {
    const context = agentContext([replyOf('ok')]);
    const result = (id: string): Message => ({ role: 'tool', tool_call_id: id, content: id });
    const history: Message[] = [
      result('orphan'),
      { role: 'assistant', content: '', tool_calls: [callOf('a', '{}', '1'), callOf('b', '{}', '2')] },
      result('2'),
      result('2'),
      { role: 'assistant', content: '', tool_calls: [callOf('c', '{}', '3')] },
      { role: 'user', content: 'and?' },
    ];
    await (await chatAgent()).run(prompt, taskOf({ context: history }), context);
    expect(context.chats[0]?.messages.slice(1, -1)).toEqual([
      { role: 'assistant', content: '', tool_calls: [callOf('b', '{}', '2')] },
      result('2'),
      { role: 'user', content: 'and?' },
    ]);
  });

  it('describes tools as the prompt says', async () => {
    const context = agentContext([replyOf('ok')]);
    const agent = await agentWithTools();
    const described = createPrompt({ system: 'Use tools.', 'tool:add': 'Adds two numbers.' });
    agent.validate(described);
    await agent.run(described, taskOf(), context);
    expect(context.chats[0]?.tools?.[0]?.function.description).toBe('Adds two numbers.');
    expect(context.chats[0]?.tools?.map((tool) => tool.function.name)).toEqual(['add', 'fail', 'circle', 'hang']);
  });
});

describe('what the chat agent refuses before any call', () => {
  it.each([
    ['an unknown placeholder', createPrompt('Hello {{nobody}}'), {}, /unknown placeholder \{\{nobody\}\}/],
    ['the expected answer as a placeholder', createPrompt('Say {{expected}}'), {}, /unknown placeholder/],
    [
      'a variable without a placeholder',
      createPrompt('Hello'),
      { variables: { name: 'x' } },
      /no placeholder \{\{name/,
    ],
    ['a prompt without a system component', createPrompt({ user: 'x' }), {}, /no "system"/],
    ['a component that nothing uses', createPrompt({ system: 'x', style: 'y' }), {}, /"style" is never used/],
    ['a component inside a component', createPrompt({ system: '{{a}} {{b}}', a: '{{b}}', b: 'x' }), {}, /\{\{b\}\}/],
  ])('%s', async (_name, bad, given, message) => {
    const agent = await chatAgent(given);
    expect(() => agent.validate(bad)).toThrow(message);
    expect(() => agent.validate(bad)).toThrow(expect.objectContaining({ code: 'prompt-invalid' }));
  });

  it('a description of a tool that does not exist', async () => {
    const agent = await agentWithTools();
    expect(() => agent.validate(createPrompt({ system: 'x', 'tool:fly': 'y' }))).toThrow(/unknown tool "fly"/);
  });

  it('a placeholder that one of the tasks has no value for', async () => {
    const agent = await chatAgent();
    const wanting = createPrompt('Category {{category}}');
    agent.validate(wanting, [taskOf({ category: 'maths' })]);
    expect(() => agent.validate(wanting, [taskOf({ id: 'bare' })])).toThrow(/\{\{category\}\} - on task bare/);
  });

  it('tools that are not tools', async () => {
    for (const [source, message] of [
      ['export const x = 1;', /exports no list/],
      ['export default [{ name: "a" }];', /without name or execute/],
      ['export const tools = [1, 2].map(() => ({ name: "a", execute() {} }));', /two tools named "a"/],
      ['this is not JavaScript', /cannot load tools module/],
    ] as const) {
      const { folder, tools } = toolFile(source);
      await expect(chatAgent({ tools }, folder)).rejects.toThrow(message);
    }
    await expect(chatAgent({ tools: './missing.mjs' })).rejects.toMatchObject({ code: 'plugin-invalid' });
  });
});

describe('how a chat rollout ends (B5)', () => {
  it.each([
    ['refused', replyOf('I cannot.', { finishReason: 'refusal' })],
    ['refused', replyOf('', { finishReason: 'content_filter' })],
    ['truncated', replyOf('It is for', { finishReason: 'length' })],
    ['truncated', replyOf('', { finishReason: 'length', toolCalls: [callOf('add', '{"a":')] })],
    ['ok', replyOf('42', { finishReason: 'something new' })],
  ])('%s by the finish reason', async (status, reply) => {
    const result = await (await chatAgent()).run(prompt, taskOf(), agentContext([reply]));
    expect(result).toEqual({ status, answer: reply.content, failure: null });
  });

  it('failed when the answer is empty', async () => {
    const result = await (await chatAgent()).run(prompt, taskOf(), agentContext([replyOf(' \n')]));
    expect(result).toMatchObject({ status: 'failed', failure: { kind: 'agent', message: 'the answer is empty' } });
  });

  it('failed when the task has no value for a placeholder', async () => {
    const context = agentContext([replyOf('ok')]);
    const result = await (await chatAgent()).run(createPrompt('{{metadata.plan}}'), taskOf(), context);
    expect(result).toMatchObject({ status: 'failed', failure: { kind: 'agent' } });
    expect(context.chats).toEqual([]);
  });

  it('failed after too many turns', async () => {
    const context = agentContext(() => replyOf('', { toolCalls: [callOf('add', '{"a":1,"b":1}')] }));
    const result = await (await agentWithTools({ maxTurns: 3 })).run(prompt, taskOf(), context);
    expect(result).toMatchObject({ status: 'failed', failure: { message: 'still calling tools after 3 turns' } });
    expect(context.chats).toHaveLength(3);
  });

  it('failed, without executing any, at 1,000 tool calls in one reply', async () => {
    const calls = Array.from({ length: 1000 }, (_, index) => callOf('add', '{}', `c${index}`));
    const context = agentContext([replyOf('', { toolCalls: calls })]);
    const result = await (await agentWithTools()).run(prompt, taskOf(), context);
    expect(result.failure?.message).toBe('asked for 1000 tool calls, the limit is 32');
    expect(context.results).toEqual([]);
  });
});

describe('tools of the chat agent (B5)', () => {
  it.each([
    ['its result', callOf('add', '{"a":1,"b":2}'), '3', false],
    ['that a call without arguments has none', callOf('add', ''), 'NaN', false],
    ['that arguments are not JSON', callOf('add', '{"a":'), /^Error: arguments are not valid JSON/, true],
    ['that arguments are not an object', callOf('add', '[1]'), 'Error: arguments must be a JSON object', true],
    ['that keys reach for the prototype', callOf('add', '{"__proto__":{}}'), /forbidden key/, true],
    ['that there is no such tool', callOf('fly', '{}'), 'Error: there is no tool "fly"', true],
    ['what the tool threw', callOf('fail', '{}'), 'Error: fail failed: disk on fire', true],
    ['that the result is not JSON', callOf('circle', '{}'), /^Error: circle failed/, true],
  ])('tell the model %s', async (_name, call, content, isError) => {
    const context = agentContext([replyOf('', { toolCalls: [call] }), replyOf('done')]);
    const result = await (await agentWithTools()).run(prompt, taskOf(), context);
    expect(result.status).toBe('ok');
    const told = context.chats[1]?.messages.at(-1);
    expect(told).toMatchObject({ role: 'tool', tool_call_id: call.id });
    if (typeof content === 'string') expect(told?.content).toBe(content === 'NaN' ? 'null' : content);
    else expect(told?.content).toMatch(content);
    expect(told?.role === 'tool' && told.is_error === true).toBe(isError);
  });

  it('give repeated and empty ids a new one each', async () => {
    const calls = ['x', 'x', '', 'call_3'].map((id) => callOf('add', '{"a":1,"b":1}', id));
    const context = agentContext([replyOf('', { toolCalls: calls }), replyOf('done')]);
    await (await agentWithTools()).run(prompt, taskOf(), context);
    const [, sent] = context.chats;
    const assistant = sent?.messages.find(({ role }) => role === 'assistant');
    const ids = assistant?.role === 'assistant' ? (assistant.tool_calls ?? []).map(({ id }) => id) : [];
    expect(new Set(ids).size).toBe(4);
    expect(sent?.messages.flatMap((message) => (message.role === 'tool' ? [message.tool_call_id] : []))).toEqual(ids);
  });

  it('end with the rollout when they ignore its deadline', async () => {
    const controller = new AbortController();
    const context = agentContext([replyOf('', { toolCalls: [callOf('hang', '{}')] })], controller.signal);
    const run = (await agentWithTools()).run(prompt, taskOf(), context);
    const reason = new Error('deadline');
    setImmediate(() => controller.abort(reason));
    await expect(run).rejects.toBe(reason);
  });
});

describe('recorded tool calls (S15)', () => {
  const recording = [
    { name: 'find', arguments: '{"city": "Paris", "days": 2}', result: 'sunny', is_error: false },
    { name: 'find', arguments: '{"city":"Rome"}', result: 'no such city', is_error: true },
  ];
  const imported = taskOf({ metadata: { tool_calls: recording } });

  it('answer instead of tools: by arguments, then by name in order with what they were recorded for, then not at all', async () => {
    const calls = [
      callOf('find', '{"days":2,"city":"Paris"}', '1'),
      callOf('find', '{"city":"Oslo"}', '2'),
      callOf('find', '{"city":"Bonn"}', '3'),
      callOf('find', '{"city":"Paris","days":2}', '4'),
      callOf('add', '{"a":1,"b":2}', '5'),
    ];
    const context = agentContext([replyOf('', { toolCalls: calls }), replyOf('done')]);
    await (await agentWithTools()).run(prompt, imported, context);
    expect(context.results).toEqual([
      { content: 'sunny', isError: false, replayed: true },
      { content: 'no such city', isError: true, replayed: true, recordedFor: '{"city":"Rome"}' },
      { content: 'Error: this call of find was not recorded and is not executed', isError: true, replayed: true },
      { content: 'sunny', isError: false, replayed: true },
      { content: 'Error: this call of add was not recorded and is not executed', isError: true, replayed: true },
    ]);
  });

  it('answer no call whose arguments are not JSON, unless it was recorded so', async () => {
    const task = taskOf({
      metadata: {
        tool_calls: [...recording, { name: 'find', arguments: '{broken', result: 'as it was', is_error: false }],
      },
    });
    const calls = [callOf('find', '{bad', '1'), callOf('find', '{broken', '2')];
    const context = agentContext([replyOf('', { toolCalls: calls }), replyOf('done')]);
    await (await agentWithTools()).run(prompt, task, context);
    expect(context.results).toEqual([
      { content: expect.stringMatching(/^Error: arguments are not valid JSON/), isError: true, replayed: true },
      { content: 'as it was', isError: false, replayed: true },
    ]);
  });

  it('make up the tool definitions where there are no tools', async () => {
    const context = agentContext([replyOf('done')]);
    await (await chatAgent()).run(prompt, imported, context);
    expect(context.chats[0]?.tools).toEqual([
      {
        type: 'function',
        function: {
          name: 'find',
          parameters: { type: 'object', properties: { city: { type: 'string' }, days: { type: 'number' } } },
        },
      },
    ]);
  });

  it('are ignored with "replay: never", and stand for everything with "replay: always"', async () => {
    const call = replyOf('', { toolCalls: [callOf('add', '{"a":1,"b":2}')] });
    const live = agentContext([call, replyOf('done')]);
    await (await agentWithTools({ replay: 'never' })).run(prompt, imported, live);
    expect(live.results).toEqual([{ content: '3', isError: false, replayed: false }]);
    const dead = agentContext([call, replyOf('done')]);
    await (await agentWithTools({ replay: 'always' })).run(prompt, taskOf(), dead);
    expect(dead.results[0]).toMatchObject({ isError: true, replayed: true });
  });
});
