import type { PluginContext, PluginModule } from '../../config/plugin.ts';
import { ApoError, isApoError, messageOf } from '../../core/errors.ts';
import { isJsonObject, type JsonObject } from '../../core/json.ts';
import type { Grade, Rollout } from '../../core/rollout.ts';
import type { Task } from '../../core/task.ts';
import { abortable } from '../../platform/abort.ts';
import { interruptible } from '../../platform/interruptible.ts';
import type { Grader, GraderContext } from '../grader.ts';
import { scored, unscored } from './grade.ts';

/**
 * A user's grading function. It may return a number 0..1, true or false, `{ score, reason }`, a {@link Grade}, or a
 * promise of one; anything else, and what it throws, is `unscored`. The task is the second argument and, for
 * destructuring, a member of the first.
 */
export type GradeFunction = (
  rollout: Pick<Rollout, 'status' | 'answer' | 'events'> & { readonly task: Task; readonly expected: string | null },
  task: Task,
  context: GraderContext,
) => unknown;

type UserModule = Partial<PluginModule<unknown>> & { readonly grade?: unknown };

/** How long a grader may compute without a pause before it is stopped; waiting (for a server, say) does not count. */
const TIMEOUT_MS = 1000;

const SAMPLE_TASK: Task = {
  id: 'sample',
  input: 'What is two plus two?',
  context: [],
  expected: '4',
  observed: null,
  category: null,
  difficulty: null,
  metadata: {},
};

/**
 * A user's module (`use: ./my-grader.js`) as a grader. It exports one of: a function `grade`; a default function
 * `(options, context)` that returns a grader or a grading function; a default function that is a grading function
 * itself. Which of the last two it is shows when it is called: only a factory returns a grader or a function.
 * @throws ApoError `plugin-invalid`
 */
export async function adaptGrader(
  module: UserModule,
  { name, hash }: { readonly name: string; readonly hash: string },
  options: unknown,
  context: PluginContext,
): Promise<Grader> {
  const identity: JsonObject = { grader: name, source: hash, options: asJson(options) };
  const made = typeof module.grade === 'function' ? module.grade : await make(module.default, options, context, name);
  if (typeof made === 'function') return fromFunction(made as GradeFunction, name, identity);
  return {
    name: typeof made.name === 'string' ? made.name : name,
    identity: { ...identity, own: isJsonObject(made.identity) ? made.identity : {} },
    needsExpected: made.needsExpected === true,
    usesModel: made.usesModel === true,
    grade: (rollout, task, graderContext) => guarded(graderContext, (watched) => made.grade(rollout, task, watched)),
  };
}

async function make(
  main: unknown,
  options: unknown,
  context: PluginContext,
  name: string,
): Promise<Grader | GradeFunction> {
  if (typeof main !== 'function') throw invalid(name, 'it has no default-exported function');
  let made: unknown;
  let problem: unknown;
  try {
    made = await main(options, context);
  } catch (error) {
    if (isApoError(error)) throw error;
    problem = error;
  }
  if (typeof made === 'function') return made as GradeFunction;
  if (isJsonObject(made) && typeof (made as { grade?: unknown }).grade === 'function') return made as unknown as Grader;
  if (toGrade(made) !== undefined || (await canGrade(main as GradeFunction))) return main as GradeFunction;
  if (problem !== undefined) throw invalid(name, messageOf(problem), problem);
  throw invalid(name, 'its default function returns neither a grader nor a grade');
}

/** A grading function is no factory: called as one it fails or returns nonsense. It must then grade an example. */
async function canGrade(grade: GradeFunction): Promise<boolean> {
  const rollout = { status: 'ok', answer: '4', events: [], task: SAMPLE_TASK, expected: SAMPLE_TASK.expected } as const;
  let asksModel = false;
  const context: GraderContext = {
    signal: new AbortController().signal,
    chat() {
      asksModel = true;
      return Promise.reject(new Error('no model while the grader is loaded'));
    },
  };
  try {
    return toGrade(await grade(rollout, SAMPLE_TASK, context)) !== undefined;
  } catch {
    return asksModel;
  }
}

function fromFunction(grade: GradeFunction, name: string, identity: JsonObject): Grader {
  return {
    name,
    identity,
    needsExpected: false,
    usesModel: false,
    grade: (rollout, task, context) =>
      guarded(context, (watched) => grade({ ...rollout, task, expected: task.expected }, task, watched)),
  };
}

/** A grade in any case. What the context threw (a budget, a provider, an abort) is not the grader's and is passed on. */
async function guarded(context: GraderContext, grade: (context: GraderContext) => unknown): Promise<Grade> {
  const passedOn = new Set<unknown>();
  const watched: GraderContext = {
    signal: context.signal,
    async chat(messages, chatOptions) {
      try {
        return await context.chat(messages, chatOptions);
      } catch (error) {
        passedOn.add(error);
        throw error;
      }
    },
  };
  try {
    const result = await abortable(context.signal, async () => interruptible(TIMEOUT_MS, () => grade(watched)));
    return toGrade(result) ?? unscored(`the grader returned ${describe(result)} instead of a score in 0..1`);
  } catch (error) {
    context.signal.throwIfAborted();
    if (passedOn.has(error)) throw error;
    return unscored(`the grader threw: ${messageOf(error)}`);
  }
}

function toGrade(result: unknown): Grade | undefined {
  if (typeof result === 'boolean') return scored(result ? 1 : 0, '');
  if (typeof result === 'number') return result >= 0 && result <= 1 ? scored(result, '') : undefined;
  if (!isJsonObject(result)) return undefined;
  const reason = typeof result.reason === 'string' ? result.reason : '';
  if (result.status === 'unscored') return unscored(reason);
  const { score } = result;
  return typeof score === 'number' && score >= 0 && score <= 1 ? scored(score, reason) : undefined;
}

function describe(value: unknown): string {
  if (isJsonObject(value)) return `an object with score ${String(value.score)}`;
  return typeof value === 'number' ? String(value) : value === null ? 'null' : typeof value;
}

function asJson(options: unknown): JsonObject {
  return JSON.parse(JSON.stringify(options ?? {})) as JsonObject;
}

function invalid(name: string, reason: string, cause?: unknown): ApoError {
  return new ApoError('plugin-invalid', `grader ${name} cannot be used: ${reason}`, {
    hint: 'export default ({ answer }, task) => score in 0..1, or a factory of a grader, see src/graders/grader.ts',
    cause,
  });
}
