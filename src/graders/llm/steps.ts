import { cutEnd } from '../../core/cut.ts';
import { recordedNote, type TraceEvent } from '../../core/trace.ts';

const MAX_STEP_CHARACTERS = 2000;

/**
 * What the agent did between the task and its answer, one step a line: thinking, tool calls and their results, replies,
 * errors. The conversation before and the answer itself are left out, because they are shown apart.
 */
export function describeSteps(events: readonly TraceEvent[], answer: string): string {
  const steps = events.slice(events.findLastIndex(({ type }) => type === 'user') + 1);
  const last = steps.at(-1);
  const isAnswer = last?.type === 'reply' && last.content === answer;
  return (isAnswer ? steps.slice(0, -1) : steps).flatMap((event) => describe(event) ?? []).join('\n');
}

function describe(event: TraceEvent): string | undefined {
  switch (event.type) {
    case 'thinking':
      return `thinking: ${short(event.content)}`;
    case 'tool_call':
      return `tool call: ${event.name}(${short(event.arguments)})`;
    case 'tool_result':
      return `tool ${event.isError ? 'error' : 'result'}${short(recordedNote(event))}: ${short(event.content)}`;
    case 'reply':
      return event.content.trim() === '' ? undefined : `reply: ${short(event.content)}`;
    case 'error':
      return `error: ${short(event.message)}`;
    default:
      return undefined;
  }
}

function short(text: string): string {
  return text.length <= MAX_STEP_CHARACTERS ? text : `${cutEnd(text, MAX_STEP_CHARACTERS)} [cut]`;
}
