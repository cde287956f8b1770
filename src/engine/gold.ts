import { allInOrder } from '../core/async.ts';
import { ApoError, isApoError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import type { Grade } from '../core/rollout.ts';
import { mean } from '../core/statistics.ts';
import type { Task } from '../core/task.ts';
import type { Grader } from '../graders/grader.ts';

/** An answer to no task at all. */
export const NONSENSE = 'zxqv lorem nothing 0000';
/** Tasks on which a model that grades is checked. */
const GOLD_TASKS = 3;
/** What that costs at most, for forecasts. */
export const GOLD_CALLS = 2 * GOLD_TASKS;
/** By so much, as a share of the scale, nonsense must beat expected answers before a run stops; a noisy grader hardly does. */
const CLEARLY = 0.5;

/**
 * Gold answers (reliability.md I07c): before anything is trained, a model that grades has to order expected answers and
 * nonsense. Stops only at the contrary order: a grader that sees no difference may have its reasons, one that prefers
 * nonsense trains the prompt away from what is wanted. Tasks without an expected answer tell nothing.
 * @throws ApoError `plugin-invalid`
 */
export async function checkGold(
  grader: Grader,
  tasks: readonly Task[],
  random: Random,
  grade: (task: Task, answer: string) => Promise<Grade>,
): Promise<void> {
  if (!grader.usesModel || grader.skipsGold === true) return;
  const gold = random.shuffle(tasks.filter(({ expected }) => expected !== null && expected.trim() !== ''));
  const pairs = await allInOrder(
    gold.slice(0, GOLD_TASKS).map(async (task) => {
      const answers = [task.expected ?? '', NONSENSE];
      const [good, bad] = await allInOrder(answers.map((answer) => gradeOrNone(() => grade(task, answer))));
      return { good, bad };
    }),
  );
  const scores = pairs.flatMap(({ good, bad }) =>
    good?.status === 'scored' && bad?.status === 'scored' ? [{ good: good.score, bad: bad.score }] : [],
  );
  if (scores.length === 0) return;
  const [good, bad] = [mean(scores.map((pair) => pair.good)), mean(scores.map((pair) => pair.bad))];
  if (bad - good < CLEARLY || scores.some((pair) => pair.bad <= pair.good)) return;
  throw new ApoError(
    'plugin-invalid',
    `grader "${grader.name}" gives nonsense ${bad.toFixed(2)} and expected answers ${good.toFixed(2)} - on ${scores.length} training tasks`,
    {
      hint: 'check the rubric, the grader model and the expected answers; if this is what you want, set checkGold: false in the options of the llm grader',
    },
  );
}

/** What the grader's model cannot do on one answer says nothing yet: the health check of the first step will. */
async function gradeOrNone(grade: () => Promise<Grade>): Promise<Grade | undefined> {
  try {
    return await grade();
  } catch (error) {
    if (isApoError(error)) throw error;
    return undefined;
  }
}
