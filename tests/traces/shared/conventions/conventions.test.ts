import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/core/json.ts';
import { readFacts } from '../../../../src/traces/shared/conventions/facts.ts';
import { readMessages, readTool } from '../../../../src/traces/shared/conventions/registry.ts';
import { readToolDefinitions } from '../../../../src/traces/shared/conventions/tools.ts';
import { type GivenSpan, span } from '../../../helpers/spans.ts';

const ASK = { role: 'user', content: 'Weather in Paris?' };
const CALL = { id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Paris"}' } };
const SYSTEM = { role: 'system', content: 'Be brief.' };
/** The same model call, as each convention writes it. */
const WANTED = {
  input: [SYSTEM, ASK],
  output: [{ role: 'assistant', content: '', tool_calls: [CALL] }],
};

const GENAI_INPUT = [{ role: 'user', parts: [{ type: 'text', content: 'Weather in Paris?' }] }];
const GENAI_OUTPUT = [
  {
    role: 'assistant',
    parts: [{ type: 'tool_call', id: 'call_1', name: 'get_weather', arguments: { city: 'Paris' } }],
    finish_reason: 'tool_call',
  },
];
const OPENAI_CALLS = JSON.stringify([CALL]);

const CASES: readonly (readonly [string, JsonObject, GivenSpan?])[] = [
  [
    'GenAI attributes as JSON text',
    {
      'gen_ai.operation.name': 'chat',
      'gen_ai.system_instructions': '[{"type":"text","content":"Be brief."}]',
      'gen_ai.input.messages': JSON.stringify(GENAI_INPUT),
      'gen_ai.output.messages': JSON.stringify(GENAI_OUTPUT),
    },
  ],
  [
    'GenAI attributes as structured values',
    {
      'gen_ai.operation.name': 'chat',
      'gen_ai.input.messages': [{ role: 'system', parts: [{ type: 'text', content: 'Be brief.' }] }, ...GENAI_INPUT],
      'gen_ai.output.messages': GENAI_OUTPUT,
    },
  ],
  [
    'the GenAI details event',
    { 'gen_ai.operation.name': 'chat' },
    {
      events: [
        {
          name: 'gen_ai.client.inference.operation.details',
          attributes: {
            'gen_ai.system_instructions': 'Be brief.',
            'gen_ai.input.messages': GENAI_INPUT,
            'gen_ai.output.messages': GENAI_OUTPUT,
          },
        },
      ],
    },
  ],
  [
    'GenAI message events up to 1.36',
    { 'gen_ai.operation.name': 'chat', 'gen_ai.system': 'openai' },
    {
      events: [
        { name: 'gen_ai.system.message', attributes: { content: 'Be brief.' } },
        { name: 'gen_ai.user.message', attributes: { 'gen_ai.event.content': '{"content":"Weather in Paris?"}' } },
        {
          name: 'gen_ai.choice',
          attributes: { index: 0, finish_reason: 'tool_calls', message: `{"tool_calls":${OPENAI_CALLS}}` },
        },
      ],
    },
  ],
  [
    'the first GenAI content events',
    { 'gen_ai.system': 'openai', 'gen_ai.request.model': 'gpt-4' },
    {
      events: [
        {
          name: 'gen_ai.content.prompt',
          attributes: {
            'gen_ai.prompt': '[{"role":"system","content":"Be brief."},{"role":"user","content":"Weather in Paris?"}]',
          },
        },
        {
          name: 'gen_ai.content.completion',
          attributes: { 'gen_ai.completion': `[{"role":"assistant","content":null,"tool_calls":${OPENAI_CALLS}}]` },
        },
      ],
    },
  ],
  [
    'OpenInference',
    {
      'openinference.span.kind': 'LLM',
      'llm.model_name': 'gpt-4o-mini',
      'input.value': '{"messages":[]}',
      'llm.input_messages.0.message.role': 'system',
      'llm.input_messages.0.message.content': 'Be brief.',
      'llm.input_messages.1.message.role': 'user',
      'llm.input_messages.1.message.contents.0.message_content.type': 'text',
      'llm.input_messages.1.message.contents.0.message_content.text': 'Weather in Paris?',
      'llm.output_messages.0.message.role': 'assistant',
      'llm.output_messages.0.message.tool_calls.0.tool_call.id': 'call_1',
      'llm.output_messages.0.message.tool_calls.0.tool_call.function.name': 'get_weather',
      'llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments': '{"city":"Paris"}',
      'llm.output_messages.4000000000.message.role': 'assistant',
    },
  ],
  [
    'the AI SDK before v7',
    {
      'ai.operationId': 'ai.generateText.doGenerate',
      'ai.prompt.messages':
        '[{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"Weather in Paris?"}]}]',
      'ai.response.toolCalls': '[{"toolCallId":"call_1","toolName":"get_weather","args":"{\\"city\\":\\"Paris\\"}"}]',
      'ai.response.finishReason': 'tool-calls',
    },
    { scope: { name: 'ai', version: '' } },
  ],
  [
    'OpenLLMetry',
    {
      'llm.request.type': 'chat',
      'gen_ai.system': 'OpenAI',
      'gen_ai.prompt.0.role': 'system',
      'gen_ai.prompt.0.content': 'Be brief.',
      'gen_ai.prompt.1.role': 'user',
      'gen_ai.prompt.1.content': 'Weather in Paris?',
      'gen_ai.completion.0.role': 'assistant',
      'gen_ai.completion.0.finish_reason': 'tool_calls',
      'gen_ai.completion.0.tool_calls.0.id': 'call_1',
      'gen_ai.completion.0.tool_calls.0.name': 'get_weather',
      'gen_ai.completion.0.tool_calls.0.arguments': '{"city":"Paris"}',
    },
  ],
  [
    'MLflow',
    {
      'mlflow.spanType': '"CHAT_MODEL"',
      'mlflow.spanInputs':
        '{"model":"gpt-4o-mini","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Weather in Paris?"}]}',
      'mlflow.spanOutputs': `{"choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","content":null,"tool_calls":${OPENAI_CALLS}}}]}`,
    },
  ],
  [
    'input and output values only',
    {
      'openinference.span.kind': 'LLM',
      'input.mime_type': 'application/json',
      'input.value':
        '{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Weather in Paris?"}]}',
      'output.value': `{"choices":[{"message":{"role":"assistant","tool_calls":${OPENAI_CALLS}}}]}`,
    },
  ],
  [
    'Gemini contents of the ADK',
    {
      'gen_ai.request.model': 'gemini-2.0-flash',
      'gcp.vertex.agent.llm_request':
        '{"system_instruction":"Be brief.","contents":[{"role":"user","parts":[{"text":"Weather in Paris?"}]}]}',
      'gcp.vertex.agent.llm_response':
        '{"content":{"role":"model","parts":[{"functionCall":{"id":"call_1","name":"get_weather","args":{"city":"Paris"}}}]}}',
    },
  ],
  [
    'all messages of Pydantic AI',
    {
      'gen_ai.request.model': 'gpt-4o-mini',
      'pydantic_ai.all_messages': JSON.stringify([
        { role: 'system', parts: [{ type: 'text', content: 'Be brief.' }] },
        ...GENAI_INPUT,
        ...GENAI_OUTPUT,
      ]),
    },
  ],
];

describe('messages', () => {
  it.each(CASES.map(([name, attributes, given = {}]) => [name, attributes, given] as const))(
    'of a model call are the same from %s',
    (_name, attributes, given) => {
      const read = span(attributes, given);
      expect(read.kind).toBe('model');
      const { input, output } = readMessages(read);
      expect({ input, output }).toEqual(WANTED);
    },
  );

  it('are read from the most specific convention when a span carries several', () => {
    const read = readMessages(
      span({
        'gen_ai.input.messages': JSON.stringify(GENAI_INPUT),
        'llm.input_messages.0.message.role': 'user',
        'llm.input_messages.0.message.content': 'less',
        'input.value': 'least',
      }),
    );
    expect(read).toMatchObject({ convention: 'genai', input: [ASK] });
  });

  it('take a tool result under `response` and under `result`, and thinking as such', () => {
    for (const key of ['response', 'result']) {
      const input = [
        {
          role: 'assistant',
          parts: [
            { type: 'reasoning', content: 'hm' },
            { type: 'text', content: 'one moment' },
          ],
        },
        { role: 'tool', parts: [{ type: 'tool_call_response', id: 'call_1', [key]: { celsius: 18 } }] },
      ];
      expect(readMessages(span({ 'gen_ai.input.messages': JSON.stringify(input) })).input).toEqual([
        { role: 'assistant', content: 'one moment', reasoning_content: 'hm' },
        { role: 'tool', tool_call_id: 'call_1', content: '{"celsius":18}' },
      ]);
    }
  });

  it('take Anthropic blocks, with the results before the text of their turn', () => {
    const messages = [
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'hm' },
          { type: 'tool_use', id: 't1', name: 'f', input: { a: 1 } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 't1', content: [{ type: 'text', text: 'no' }], is_error: true },
          { type: 'text', text: 'and?' },
        ],
      },
    ];
    expect(readMessages(span({ 'input.value': JSON.stringify({ messages }) })).input).toEqual([
      {
        role: 'assistant',
        content: '',
        reasoning_content: 'hm',
        tool_calls: [{ id: 't1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }],
      },
      { role: 'tool', tool_call_id: 't1', content: 'no', is_error: true },
      { role: 'user', content: 'and?' },
    ]);
  });

  it('keep a raw argument text that is no JSON', () => {
    const output = [{ role: 'assistant', parts: [{ type: 'tool_call', id: 'c', name: 'f', arguments: '{"broken' }] }];
    const [message] = readMessages(span({ 'gen_ai.output.messages': output })).output;
    expect(message).toMatchObject({ tool_calls: [{ function: { arguments: '{"broken' } }] });
  });

  it('show media as a placeholder', () => {
    const input = [
      {
        role: 'user',
        parts: [
          { type: 'text', content: 'see' },
          { type: 'uri', modality: 'image', uri: 'https://x.test/a.png' },
        ],
      },
    ];
    expect(readMessages(span({ 'gen_ai.input.messages': JSON.stringify(input) })).input).toEqual([
      { role: 'user', content: 'see\n[image]' },
    ]);
  });

  it('are empty where content was not captured', () => {
    expect(readMessages(span({ 'gen_ai.operation.name': 'chat' }))).toEqual({
      input: [],
      output: [],
      others: [],
      convention: null,
    });
  });

  it.each([
    ['not JSON', '{"broken'],
    ['a number', 5],
    ['nested lists', [[[['deep']]]]],
    ['nothing useful', [{ role: 7, parts: 'x' }, null, 'text']],
    ['nested prototypes', '[{"role":"user","__proto__":{"x":1}}]'],
  ])('survive %s', (_name, value) => {
    expect(() =>
      readMessages(span({ 'gen_ai.input.messages': value, 'input.value': value, 'gen_ai.prompt.0.content': value })),
    ).not.toThrow();
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });
});

describe('tool executions', () => {
  const wanted = { name: 'get_weather', arguments: '{"city":"Paris"}', result: '18C' };
  it.each([
    [
      'GenAI',
      {
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': 'get_weather',
        'gen_ai.tool.call.id': 'call_1',
        'gen_ai.tool.call.arguments': { city: 'Paris' },
        'gen_ai.tool.call.result': '18C',
      },
      'call_1',
    ],
    [
      'the AI SDK',
      {
        'ai.operationId': 'ai.toolCall',
        'ai.toolCall.name': 'get_weather',
        'ai.toolCall.id': 'call_1',
        'ai.toolCall.args': '{"city":"Paris"}',
        'ai.toolCall.result': '"18C"',
      },
      'call_1',
    ],
    [
      'OpenInference',
      {
        'openinference.span.kind': 'TOOL',
        'tool.name': 'get_weather',
        'input.value': '{"city":"Paris"}',
        'output.value': '18C',
      },
      '',
    ],
    [
      'OpenLLMetry',
      {
        'traceloop.span.kind': 'tool',
        'traceloop.entity.name': 'get_weather',
        'traceloop.entity.input': '{"city":"Paris"}',
        'traceloop.entity.output': '18C',
      },
      '',
    ],
    [
      'MLflow',
      { 'mlflow.spanType': 'TOOL', 'mlflow.spanInputs': '{"city":"Paris"}', 'mlflow.spanOutputs': '"18C"' },
      '',
    ],
  ] as const)('are read from %s', (_name, attributes, id) => {
    expect(readTool(span(attributes, { name: 'get_weather' }))).toEqual({ ...wanted, id });
  });
});

describe('facts', () => {
  it.each([
    [
      'GenAI',
      {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': 'gpt-4o',
        'gen_ai.response.model': 'gpt-4o-2024',
        'gen_ai.conversation.id': 's',
        'user.id': 'u',
        'gen_ai.usage.input_tokens': 5,
        'gen_ai.usage.output_tokens': 2,
      },
      ['gpt-4o-2024', 'gpt-4o'],
    ],
    [
      'OpenInference',
      {
        'openinference.span.kind': 'LLM',
        'llm.provider': 'openai',
        'llm.model_name': 'gpt-4o',
        'session.id': 's',
        'user.id': 'u',
        'llm.token_count.prompt': 5,
        'llm.token_count.completion': 2,
      },
      ['gpt-4o'],
    ],
    [
      'the AI SDK',
      {
        'ai.operationId': 'ai.streamText.doStream',
        'ai.model.provider': 'openai',
        'ai.model.id': 'gpt-4o',
        'ai.telemetry.metadata.sessionId': 's',
        'ai.telemetry.metadata.userId': 'u',
        'ai.usage.promptTokens': 5,
        'ai.usage.completionTokens': 2,
      },
      ['gpt-4o'],
    ],
    [
      'OpenLLMetry',
      {
        'llm.request.type': 'chat',
        'gen_ai.system': 'openai',
        'gen_ai.request.model': 'gpt-4o',
        'traceloop.association.properties.session_id': 's',
        'traceloop.association.properties.user_id': 'u',
        'gen_ai.usage.prompt_tokens': '5',
        'gen_ai.usage.completion_tokens': 2,
      },
      ['gpt-4o'],
    ],
  ] as const)('are read from %s', (_name, attributes, models) => {
    expect(readFacts(span(attributes))).toMatchObject({
      models,
      provider: 'openai',
      sessionId: 's',
      userId: 'u',
      usage: { input: 5, output: 2 },
    });
  });

  it('count the tokens of model calls only, because agents repeat their sum', () => {
    const attributes = { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.usage.input_tokens': 500 };
    expect(readFacts(span(attributes)).usage).toBeNull();
  });

  it('leave absurd token counts out of sums', () => {
    const attributes = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.usage.input_tokens': -5,
      'gen_ai.usage.output_tokens': 1e300,
    };
    expect(readFacts(span(attributes)).usage).toMatchObject({ input: 0, output: 0 });
  });

  it.each([
    [{ 'gen_ai.operation.name': 'invoke_agent' }, 'agent'],
    [{ 'gen_ai.operation.name': 'agent_step' }, 'chain'],
    [{ 'gen_ai.operation.name': 'execute_tool' }, 'tool'],
    [{ 'gen_ai.operation.name': 'embeddings' }, 'embedding'],
    [{ 'openinference.span.kind': 'CHAIN', 'gen_ai.operation.name': 'chat' }, 'chain'],
    [{ 'openinference.span.kind': 'UNKNOWN', 'llm.model_name': 'm' }, 'model'],
    [{ 'ai.operationId': 'ai.generateText' }, 'agent'],
    [{ 'ai.operationId': 'ai.embed.doEmbed' }, 'embedding'],
    [{ 'traceloop.span.kind': 'workflow' }, 'chain'],
    [{ 'mlflow.spanType': '"RETRIEVER"' }, 'retriever'],
    [{ 'openinference.span.kind': 'constructor' }, 'chain'],
    [{ 'http.method': 'GET' }, 'chain'],
  ] as const)('say what kind of span %j is', (attributes, kind) => {
    expect(span(attributes).kind).toBe(kind);
  });
});

describe('tool definitions', () => {
  const parameters = { type: 'object', properties: { city: { type: 'string' } } };
  const wanted = [{ type: 'function', function: { name: 'get_weather', description: 'now', parameters } }];
  const bare = { name: 'get_weather', description: 'now', parameters };
  it.each([
    ['GenAI', { 'gen_ai.tool.definitions': JSON.stringify([{ type: 'function', ...bare }]) }],
    [
      'the AI SDK',
      {
        'ai.prompt.tools': [
          JSON.stringify({ type: 'function', name: 'get_weather', description: 'now', inputSchema: parameters }),
        ],
      },
    ],
    ['OpenInference', { 'llm.tools.0.tool.json_schema': JSON.stringify({ type: 'function', function: bare }) }],
    [
      'OpenLLMetry',
      {
        'llm.request.functions.0.name': 'get_weather',
        'llm.request.functions.0.description': 'now',
        'llm.request.functions.0.parameters': JSON.stringify(parameters),
      },
    ],
  ])('are read from %s', (_name, attributes) => {
    expect(readToolDefinitions(attributes)).toEqual(wanted);
  });
});
