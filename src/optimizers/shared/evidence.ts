import { cutMiddle } from '../../core/cut.ts';
import type { ScoredRollout } from '../../core/rollout.ts';
import { expectedAnswers, type Task } from '../../core/task.ts';
import { recordedNote, type TraceEvent } from '../../core/trace.ts';

/** A scored rollout with its task: what a critic reads. */
export type Evidence = { readonly task: Task; readonly scored: ScoredRollout };

/** What a piece of evidence says, without times and run ids: equal runs must ask equal questions. */
export function evidenceTexts({ task, scored }: Evidence): readonly string[] {
  const { rollout, grade } = scored;
  const expected = expectedAnswers(task);
  const answers = expected.length === 0 ? [''] : expected;
  return [rollout.id, task.input, ...answers, rollout.answer, rollout.failure?.message ?? '', grade.reason];
}

export type EvidenceOptions = {
  /** Characters of one text before it is cut at head and tail. */
  readonly maxCharacters: number;
  /** Puts untrusted text between markers that it cannot forge. */
  readonly fence: (text: string) => string;
};

/**
 * Shows one rollout to a critic: its id, the task, the conversation before it, every step with tool calls and errors, the
 * full answer, the expected answer when there is one, the score and the grader's reason.
 */
export function renderEvidence({ task, scored }: Evidence, { maxCharacters, fence }: EvidenceOptions): string {
  const { rollout, grade } = scored;
  const show = (label: string, text: string): string => `${label}:\n${fence(cutMiddle(text, maxCharacters))}`;
  const expected = expectedAnswers(task);
  const context = task.context.map((message) => `${message.role}: ${message.content}`).join('\n');
  const steps = rollout.events.flatMap(renderStep).join('\n');
  return [
    `### Rollout ${rollout.id}`,
    `Outcome: ${rollout.status}; score: ${grade.status === 'scored' ? grade.score.toFixed(2) : 'none'}`,
    ...(context === '' ? [] : [show('Conversation before the task', context)]),
    show('Task', task.input),
    ...(steps === '' ? [] : [show('Steps', steps)]),
    show('Answer', rollout.answer),
    ...(expected.length === 0
      ? []
      : [show(expected.length === 1 ? 'Expected answer' : 'Expected answers (each is right)', expected.join('\n'))]),
    ...(rollout.failure === null ? [] : [show('Error', rollout.failure.message)]),
    show("Grader's reason", grade.reason),
  ].join('\n');
}

/** Task and answer stand in parts of their own. */
function renderStep(event: TraceEvent): string[] {
  switch (event.type) {
    case 'thinking':
      return [`thinking: ${event.content}`];
    case 'tool_call':
      return [`tool call ${event.name}(${event.arguments})`];
    case 'tool_result':
      return [`tool ${event.isError ? 'error' : 'result'} ${event.name}${recordedNote(event)}: ${event.content}`];
    case 'error':
      return [`error: ${event.message}`];
    default:
      return [];
  }
}
