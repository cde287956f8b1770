// Worlds of the fourth examiner, who measured the optimizers from outside, through the command line, and had read none of their code.
import { families as FAMILIES } from './fourth/families.js';
import { createWorld as create } from './fourth/world.js';

export const families = Object.keys(FAMILIES);

export function createWorld(family, seed) {
  const world = create(family, seed, FAMILIES[family]);
  return {
    startPrompt: world.start,
    oracle: world.ideal,
    tasks: world.dataset().map(({ id, task, expected_answer, category, difficulty, context = [] }) => ({
      id,
      input: task,
      expected: expected_answer,
      category,
      difficulty,
      context: typeof context === 'string' ? [{ role: 'user', content: context }] : context,
    })),
    exact: (prompt) => world.score(prompt),
    reply({ role, messages, asked: { response_format: schema } }) {
      const format =
        schema === undefined
          ? {}
          : { response_format: { type: 'json_schema', json_schema: { schema: schema.schema ?? schema } } };
      return world.answer({ model: role, messages, ...format });
    },
  };
}
