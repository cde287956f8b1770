import type { Task } from '../../core/task.ts';
import type { OptimizerContext } from '../optimizer.ts';

/** Endless shuffled epochs; a batch may straddle two but never holds a task twice. */
export function createBatches(
  tasks: readonly Task[],
  name: string,
  context: Pick<OptimizerContext, 'random'>,
): (size: number) => readonly Task[] {
  let epoch = 0;
  let rest: readonly Task[] = [];
  return (size) => {
    const wanted = Math.min(size, tasks.length);
    const batch = rest.slice(0, wanted);
    rest = rest.slice(wanted);
    if (batch.length < wanted) {
      const shuffled = context.random('batches', name, epoch++).shuffle(tasks);
      const added = shuffled.filter((task) => !batch.includes(task)).slice(0, wanted - batch.length);
      rest = shuffled.filter((task) => !added.includes(task));
      return [...batch, ...added];
    }
    return batch;
  };
}
