import type { JsonObject } from '../../core/json.ts';
import type { Grade, Rollout } from '../../core/rollout.ts';
import type { Span, SpanEvent, TraceEvent } from '../../core/trace.ts';
import { messagesOf, systemInstructions, toolDefinitions, usageAttributes } from './genai.ts';
import { isSpanId, isTraceId, spanIdOf, traceIdOf } from './ids.ts';
import { type Step, stepsOf } from './rollout-steps.ts';
import { milliseconds, nanoseconds } from './time.ts';

/** What is known about a stored rollout; `StoredRollout` of the store is one. */
export type RolloutRecord = {
  readonly runId: string;
  readonly rollout: Rollout;
  readonly grade?: Grade;
  readonly iteration?: number;
  readonly split?: string;
};

export type RolloutSpanOptions = {
  /** `gen_ai.prompt.name` of each model span. Default `system`. */
  readonly promptName?: string;
  /** `gen_ai.prompt.version` of each model span. Default: the rollout's prompt id. */
  readonly promptVersion?: string;
  /** `gen_ai.agent.name`. Default `agent`. */
  readonly agentName?: string;
  /** `gen_ai.conversation.id`, where the task came from a conversation. */
  readonly conversationId?: string;
};

const RESOURCE: JsonObject = { 'service.name': 'apo' };
const SCOPE = { name: 'apo', version: '1' } as const;

/**
 * The spans of one rollout: `invoke_agent` as root, a `chat` child for each model turn, an `execute_tool` child for each
 * tool result, and the grade as `gen_ai.evaluation.result` events of the root. Pure: the same rollout always gives the
 * same ids, so that saving or sending it again replaces what is there.
 *
 * What the recorder of a rollout has to do: record a `model_call` before the parts of each reply and with their span id,
 * and a `tool_result` after the `tool_call` that it answers. Texts that came with the task may stand under any span id.
 */
export function spansOf(record: RolloutRecord, options: RolloutSpanOptions = {}): readonly Span[] {
  const { rollout, runId } = record;
  const traceId = isTraceId(rollout.traceId) ? rollout.traceId : traceIdOf(runId, rollout.id);
  const agentSpanId = spanIdOf(traceId, 'agent');
  const steps = stepsOf(rollout.events);
  const used = new Set([agentSpanId]);
  const common = {
    'gen_ai.agent.name': options.agentName ?? 'agent',
    ...(options.conversationId === undefined ? {} : { 'gen_ai.conversation.id': options.conversationId }),
  };
  const shared = { traceId, links: [], resource: RESOURCE, scope: SCOPE } as const;
  let chats = 0;
  let tools = 0;
  const children = steps.map((step): Span => {
    const name = step.kind === 'model' ? `chat ${chats++}` : `tool ${tools++}`;
    const own = step.events[0]?.spanId;
    const spanId = isSpanId(own) && !used.has(own) ? own : spanIdOf(traceId, name);
    used.add(spanId);
    const details = step.kind === 'model' ? chatSpan(step, record, options) : toolSpan(step, rollout.events);
    const failed = details.error !== '';
    return {
      ...shared,
      spanId,
      parentSpanId: agentSpanId,
      name: details.name,
      kind: step.kind,
      startNs: nanoseconds(step.startMs),
      endNs: nanoseconds(Math.max(step.startMs, step.endMs)),
      status: failed ? 'error' : 'ok',
      statusMessage: details.error,
      attributes: { ...common, ...details.attributes },
      events: [],
    };
  });
  return [{ ...shared, ...rootSpan(record, agentSpanId, steps, common) }, ...children];
}

type Details = { readonly name: string; readonly attributes: JsonObject; readonly error: string };

function chatSpan(step: Step, { rollout }: RolloutRecord, options: RolloutSpanOptions): Details {
  const call = step.events.find((event) => event.type === 'model_call');
  const failure = step.events.find((event) => event.type === 'error');
  const earlier = rollout.events.slice(0, step.before);
  const systems = earlier.flatMap((event) => (event.type === 'system' ? [event.content] : []));
  const tools = [...earlier, ...step.events].findLast((event) => event.type === 'model_call' && event.tools);
  const finish = call?.finishReason ?? '';
  const output = messagesOf(step.events).map((message) =>
    finish === '' ? message : { ...message, finish_reason: finish },
  );
  return {
    name: call === undefined ? 'chat' : `chat ${call.model}`,
    error: failure?.type === 'error' ? failure.message : '',
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.prompt.name': options.promptName ?? 'system',
      'gen_ai.prompt.version': options.promptVersion ?? rollout.promptId,
      ...(call === undefined
        ? {}
        : {
            'gen_ai.provider.name': call.provider,
            'gen_ai.request.model': call.model,
            'gen_ai.response.model': call.model,
            ...(call.responseId === '' ? {} : { 'gen_ai.response.id': call.responseId }),
            ...(finish === '' ? {} : { 'gen_ai.response.finish_reasons': [finish] }),
            ...usageAttributes(call.usage),
          }),
      ...(systems.length === 0 ? {} : { 'gen_ai.system_instructions': systemInstructions(systems) }),
      ...(tools?.type === 'model_call' && tools.tools
        ? { 'gen_ai.tool.definitions': toolDefinitions(tools.tools) }
        : {}),
      'gen_ai.input.messages': JSON.stringify(messagesOf(earlier)),
      'gen_ai.output.messages': JSON.stringify(output),
      ...(failure === undefined ? {} : { 'error.type': 'model' }),
    },
  };
}

function toolSpan(step: Step, events: readonly TraceEvent[]): Details {
  const result = step.events.find((event) => event.type === 'tool_result');
  if (result?.type !== 'tool_result') return { name: 'execute_tool', attributes: {}, error: '' };
  const call = events.findLast(
    (event, index) => index < step.before && event.type === 'tool_call' && event.id === result.id,
  );
  return {
    name: `execute_tool ${result.name}`,
    error: result.isError ? result.content.slice(0, 500) : '',
    attributes: {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': result.name,
      'gen_ai.tool.type': 'function',
      'gen_ai.tool.call.id': result.id,
      ...(call?.type === 'tool_call' ? { 'gen_ai.tool.call.arguments': call.arguments } : {}),
      'gen_ai.tool.call.result': result.content,
      ...(result.isError ? { 'error.type': 'tool' } : {}),
      ...(result.replayed ? { 'apo.tool.replayed': true } : {}),
      ...(result.recordedFor === undefined ? {} : { 'apo.tool.recorded_for': result.recordedFor }),
    },
  };
}

function rootSpan(
  { runId, rollout, grade, iteration, split }: RolloutRecord,
  spanId: string,
  steps: readonly Step[],
  common: JsonObject,
): Omit<Span, 'traceId' | 'links' | 'resource' | 'scope'> {
  const starts = [...steps.map((step) => step.startMs), ...rollout.events.map((event) => event.at)];
  const startMs = starts.reduce((least, value) => Math.min(least, value), starts[0] ?? 0);
  const endMs = rollout.events.reduce((latest, { at }) => Math.max(latest, at), startMs + rollout.durationMs);
  const asked = rollout.events.findLastIndex((event) => event.type === 'user') + 1;
  const input = messagesOf(rollout.events.slice(0, steps[0]?.before ?? asked));
  const answer = [{ role: 'assistant', parts: [{ type: 'text', content: rollout.answer }] }];
  const failed = rollout.status === 'failed';
  const endNs = nanoseconds(endMs);
  return {
    spanId,
    parentSpanId: null,
    name: `invoke_agent ${common['gen_ai.agent.name']}`,
    kind: 'agent',
    startNs: nanoseconds(startMs),
    endNs,
    status: failed ? 'error' : rollout.status === 'ok' ? 'ok' : 'unset',
    statusMessage: rollout.failure?.message ?? '',
    attributes: {
      'gen_ai.operation.name': 'invoke_agent',
      ...common,
      ...usageAttributes(rollout.usage),
      'gen_ai.input.messages': JSON.stringify(input),
      ...(rollout.answer === '' ? {} : { 'gen_ai.output.messages': JSON.stringify(answer) }),
      ...(failed ? { 'error.type': rollout.failure?.kind ?? 'agent' } : {}),
      'apo.run.id': runId,
      'apo.rollout.id': rollout.id,
      'apo.rollout.status': rollout.status,
      'apo.rollout.sample': rollout.sample,
      'apo.task.id': rollout.taskId,
      'apo.prompt.id': rollout.promptId,
      ...(iteration === undefined ? {} : { 'apo.iteration': iteration }),
      ...(split === undefined ? {} : { 'apo.split': split }),
    },
    events: grade === undefined ? [] : evaluationEvents(grade, milliseconds(endNs)),
  };
}

/** A grade as the standard evaluation events: the reward first, then each part of a weighted mean. */
export function evaluationEvents(grade: Grade, atMs: number): readonly SpanEvent[] {
  const event = (name: string, attributes: JsonObject): SpanEvent => ({
    name: 'gen_ai.evaluation.result',
    timeNs: nanoseconds(atMs),
    attributes: { 'gen_ai.evaluation.name': name, ...attributes },
  });
  const explained: JsonObject = grade.reason === '' ? {} : { 'gen_ai.evaluation.explanation': grade.reason };
  if (grade.status === 'unscored')
    return [event('reward', { 'gen_ai.evaluation.score.label': 'unscored', ...explained })];
  return [
    event('reward', { 'gen_ai.evaluation.score.value': grade.score, ...explained }),
    ...Object.entries(grade.parts ?? {}).map(([name, score]) =>
      event(name, { 'gen_ai.evaluation.score.value': score }),
    ),
  ];
}
