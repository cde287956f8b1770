import type { Message } from '../../core/message.ts';
import type { RedactionLevel } from '../../core/privacy/detector.ts';
import { createRedactor, type Redactor } from '../../core/privacy/redact.ts';
import { callsWithResults, expectedAnswers, groupOf, type RecordedToolCall, type Task } from '../../core/task.ts';
import type { TrainingSample } from '../exporter.ts';
import { answerOf, promptOf, splitSystem } from '../shared/render.ts';
import { divideBySubject, type Failure, type FailureGroup, groupFailures, type Subject } from './failure-groups.ts';
import { redactMessages } from './redaction.ts';
import type { Tally } from './report.ts';
import { type HashId, isHistoryTask, type Taken } from './samples.ts';
import type { SampleSource } from './source.ts';

export type RegressionOptions = {
  /** Scores up to this are failures. Default 0.5. */
  readonly maxScore: number;
  readonly redaction: RedactionLevel;
  readonly hash: HashId;
  /** The tasks of the run where they are known; others are rebuilt from what was recorded. */
  readonly tasks: ReadonlyMap<string, Task>;
};

export type Regressions = { readonly groups: readonly FailureGroup[]; readonly tasks: readonly Task[] };

/**
 * The tasks that an agent failed, each once with its worst attempt, grouped by what went wrong: a data set that tells
 * whether the next prompt does better. Infrastructure failures are never among them.
 */
export async function mineRegressions(
  source: SampleSource,
  options: RegressionOptions,
  tally: Tally,
): Promise<Regressions> {
  const worst = new Map<string, TrainingSample>();
  for await (const taken of source.read()) {
    tally.record();
    if (!taken.ok) {
      tally.leaveOut(taken.reason);
      continue;
    }
    const sample = attemptOf(taken);
    if (sample.status !== 'failed' && sample.score === null) tally.leaveOut('no score');
    else if (scoreOf(sample) > options.maxScore) tally.leaveOut('passed');
    else if (!hasQuestion(sample, options.tasks)) tally.leaveOut('no user message');
    else {
      const known = worst.get(sample.taskId);
      if (known !== undefined) tally.leaveOut('task is in the file already');
      if (known === undefined || scoreOf(sample) < scoreOf(known)) worst.set(sample.taskId, sample);
    }
  }
  const failures = [...worst.values()].map((sample) => failureOf(sample, options.redaction));
  const groups = divideBySubject(groupFailures(failures), (id) => subjectOf(id, worst.get(id), options));
  const tasks = groups.flatMap(({ name, members }) =>
    members.flatMap(({ id, text }) => {
      const sample = worst.get(id);
      return sample === undefined ? [] : [regressionTask(sample, name, text, options)];
    }),
  );
  return { groups, tasks };
}

/** What the agent did. An answer that a user had to correct was a failure, and the correction is what was expected. */
function attemptOf({ sample, corrected }: Extract<Taken, { ok: true }>): TrainingSample {
  if (corrected === undefined || sample.source !== 'trace') return sample;
  return { ...sample, messages: [...promptOf(sample), ...corrected], score: 0 };
}

/** An agent that crashed at once recorded nothing; the task itself may still be known. */
function hasQuestion({ messages, taskId }: TrainingSample, tasks: ReadonlyMap<string, Task>): boolean {
  return tasks.has(taskId) || messages.some(({ role }) => role === 'user');
}

function scoreOf({ score, status }: TrainingSample): number {
  return status === 'failed' ? 0 : (score ?? 1);
}

/** What the grader said and what the tools reported, without anybody's data: the words end up in the group's name. */
function failureOf(sample: TrainingSample, level: RedactionLevel): Failure {
  const errors = answerOf(sample).flatMap((message) =>
    message.role === 'tool' && message.is_error === true ? [message.content.slice(0, 500)] : [],
  );
  const text = createRedactor(level).text([sample.reason, ...errors].filter((part) => part !== '').join('\n'));
  return { id: sample.taskId, score: scoreOf(sample), text };
}

function subjectOf(id: string, sample: TrainingSample | undefined, { tasks, redaction }: RegressionOptions): Subject {
  const task = tasks.get(id) ?? (sample === undefined ? undefined : rebuilt(sample));
  return { category: task?.category ?? null, question: createRedactor(redaction).text(task?.input ?? '') };
}

function regressionTask(sample: TrainingSample, group: string, reason: string, options: RegressionOptions): Task {
  const { redaction, hash, tasks } = options;
  const known = tasks.get(sample.taskId) ?? rebuilt(sample);
  const redactor = createRedactor(redaction);
  const answers = expectedAnswers(known);
  redactor.learn([known.input, ...answers, ...known.context.map(({ content }) => content)]);
  // So that the tools can be replayed.
  const calls = callsWithResults(answerOf(sample));
  return {
    id: redaction >= 2 ? redactor.text(shareable(known.id, hash)) : known.id,
    input: redactor.value(known.input),
    context: redactMessages(known.context, redactor),
    expected: known.expected === null ? null : redactor.value(known.expected),
    observed: textOr(answerOf(sample).at(-1), redactor),
    category: known.category,
    difficulty: known.difficulty,
    metadata: {
      source: 'regression',
      group: hash(groupOf(known)),
      failure_group: group,
      failure_reason: reason,
      score: scoreOf(sample),
      ...(known.metadata.expected_answers === undefined
        ? {}
        : { expected_answers: answers.map((answer) => redactor.value(answer)) }),
      ...(calls.length === 0 ? {} : { tool_calls: calls.map((call) => redactCall(call, redactor)) }),
    },
  };
}

/** Ids of history tasks name database and session. */
function shareable(id: string, hash: HashId): string {
  return isHistoryTask(id) ? `task-${hash(id)}` : id;
}

function textOr(message: Message | undefined, redactor: Redactor): string | null {
  return message?.role === 'assistant' && message.content !== '' ? redactor.value(message.content) : null;
}

function rebuilt(sample: TrainingSample): Task {
  const { turns } = splitSystem(promptOf(sample));
  return {
    id: sample.taskId,
    input: turns.at(-1)?.content ?? '',
    context: turns.slice(0, -1),
    expected: sample.expected,
    observed: null,
    category: typeof sample.meta.category === 'string' ? sample.meta.category : null,
    difficulty: null,
    metadata: {},
  };
}

function redactCall(call: RecordedToolCall, redactor: Redactor): RecordedToolCall {
  return { ...call, arguments: redactor.value(call.arguments), result: redactor.value(call.result) };
}
