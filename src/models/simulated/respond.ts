import { hashOf, type JsonObject } from '../../core/json.ts';
import type { ToolCall } from '../../core/message.ts';
import type { Usage } from '../../core/usage.ts';
import type { ChatRequest } from '../model.ts';
import { answerTask, callTools, findTask, readAgentRequest } from './agent.ts';
import { criticise } from './critic.ts';
import { editPrompt } from './editor.ts';
import { formatFindings, formatJudgement, formatPrompts, wrapInFields } from './format.ts';
import { impliedSchema } from './implied.ts';
import { judge } from './judge.ts';
import { readMeaning } from './outcome.ts';
import { FIELDS, findPrompt, type Part, partOf, textOf } from './reading.ts';
import { fillSchema } from './schema.ts';
import type { World } from './world.ts';

export type SimulatedReply = {
  readonly part: Part;
  readonly content: string;
  readonly toolCalls: readonly ToolCall[];
  readonly usage: Usage;
};

const MOST_PROMPTS = 8;
/** The schema name that stands for `response_format: json_object`. */
export const ANY_OBJECT = 'json_object';

/** The whole model: a pure function of request, world and sample. */
export function respond(world: World, request: ChatRequest, sample: number): SimulatedReply {
  const part = partOfRequest(world, request);
  const { content, toolCalls } = say(world, request, part, sample);
  const read =
    textOf(request.messages).length + (request.tools === undefined ? 0 : JSON.stringify(request.tools).length);
  const written = content.length + toolCalls.reduce((sum, call) => sum + call.function.arguments.length, 0);
  return {
    part,
    content,
    toolCalls,
    usage: { input: Math.ceil(read / 4), output: Math.ceil(written / 4), cached: 0, reasoning: 0, estimated: false },
  };
}

export function partOfRequest(world: World, request: ChatRequest): Part {
  const asked = { messages: request.messages, schema: request.responseSchema?.schema, model: request.model };
  return partOf(asked, (text) => isAskedTask(world, text));
}

/** A task alone, or with little around it and without its answer. */
function isAskedTask(world: World, text: string): boolean {
  if (world.byInput.has(text.trim())) return true;
  const task = findTask(world, text);
  return task !== undefined && task.input.length > text.trim().length / 2 && !text.includes(task.expected);
}

/** Requests with the same identity are repeats of each other: same part, and same prompt meaning and task for an agent. */
export function identityOf(world: World, request: ChatRequest): string {
  const part = partOfRequest(world, request);
  if (part !== 'agent') return `${part}:${hashOf(request.messages)}`;
  const { task, prompt } = readAgentRequest(world, request.messages);
  const turn = request.messages.filter(({ role }) => role === 'tool').length;
  return `agent:${hashOf([readMeaning(world, prompt).key, task.input, turn])}`;
}

function say(
  world: World,
  request: ChatRequest,
  part: Part,
  sample: number,
): { readonly content: string; readonly toolCalls: readonly ToolCall[] } {
  const text = textOf(request.messages);
  const schema = wantedSchema(request, part, text);
  if (part === 'judge') return { content: formatJudgement(judge(world, text, sample), text, schema), toolCalls: [] };
  if (part === 'critic') {
    const findings = criticise(world, text, findPrompt(text)?.text ?? '', sample);
    return { content: formatFindings(findings, text, schema), toolCalls: [] };
  }
  if (part === 'editor') {
    const count = Math.min(
      MOST_PROMPTS,
      Number(/\b(\d) (?:different|new|improved)[^.\n]{0,20} prompts?\b/.exec(text)?.[1] ?? 1),
    );
    const prompts = Array.from({ length: count }, (_, index) => editPrompt(world, text, sample * MOST_PROMPTS + index));
    return { content: formatPrompts(prompts, text, schema), toolCalls: [] };
  }
  const agent = readAgentRequest(world, request.messages);
  const toolCalls = callTools(world, request.messages, request.tools ?? [], agent.task);
  if (toolCalls.length > 0) return { content: '', toolCalls };
  const answer = answerTask(world, agent, sample);
  if (schema === undefined) return { content: wrapInFields(text, answer) ?? answer, toolCalls };
  const filled = fillSchema(schema, (_name, type) => (type === 'string' ? answer : undefined));
  return { content: JSON.stringify(filled), toolCalls };
}

/** Given with the request, shown by example in its text, or (asked for JSON without saying which) a usual one. */
function wantedSchema(request: ChatRequest, part: Part, text: string): JsonObject | undefined {
  const given = request.responseSchema;
  if (given !== undefined && given.name !== ANY_OBJECT) return given.schema;
  if (part === 'agent') return given === undefined ? undefined : object({ answer: 'string' });
  const implied = impliedSchema(text, FIELDS[part]);
  if (implied !== undefined || given === undefined) return implied;
  if (part === 'judge') return object({ score: 'number', reason: 'string' });
  if (part === 'editor') return object({ prompt: 'string' });
  return {
    type: 'object',
    properties: { findings: { type: 'array', items: object({ statement: 'string', cause: 'string' }) } },
  };
}

function object(properties: { readonly [name: string]: string }): JsonObject {
  return {
    type: 'object',
    properties: Object.fromEntries(Object.entries(properties).map(([name, type]) => [name, { type }])),
  };
}
