import { createRandom } from '../../../src/core/random.ts';
import type { ChatRequest } from '../../../src/models/model.ts';
import { respond } from '../../../src/models/simulated/respond.ts';
import type { Rule } from '../../../src/models/simulated/rules.ts';
import { wordStatement } from '../../../src/models/simulated/statements.ts';
import type { SimulatedTask } from '../../../src/models/simulated/tasks.ts';
import type { World } from '../../../src/models/simulated/world.ts';

export function stateRule(rule: Rule, wording: string | number = 0): string {
  return wordStatement({ ...rule, negated: false }, createRandom('test', wording), true);
}

export function ask(world: World, content: string, extra: Partial<ChatRequest> = {}): string {
  return respond(world, { model: 'any-model', messages: [{ role: 'user', content }], ...extra }, extra.seed ?? 0)
    .content;
}

export function answer(world: World, prompt: string, task: SimulatedTask, sample = 0): string {
  const messages = [
    { role: 'system', content: prompt },
    { role: 'user', content: task.input },
  ] as const;
  return respond(world, { model: 'sim-agent', messages }, sample).content;
}

/** Tasks that the prompt fails, with the answers. */
export function failures(world: World, prompt: string, count: number): { task: SimulatedTask; said: string }[] {
  return world.pool
    .map((task) => ({ task, said: answer(world, prompt, task) }))
    .filter(({ task, said }) => said !== task.expected)
    .slice(0, count);
}

export function examplesOf(world: World, prompt: string, count: number): string {
  return failures(world, prompt, count)
    .map(
      ({ task, said }, index) =>
        `## Rollout ro-${index + 1}\nTask: ${task.input}\nAnswer: ${said}\nExpected: ${task.expected}\nScore: 0\n`,
    )
    .join('\n');
}
