// The second examiner's worlds in the shape that run.js wants.
import { llm } from './second/llm.js';
import { agent, FAMILIES, makeWorld, referee } from './second/worlds.js';

export const families = Object.keys(FAMILIES);

export function createWorld(family, seed) {
  const world = makeWorld(family, seed);
  return {
    startPrompt: world.seedPrompt,
    tasks: world.items
      .filter(({ part }) => part === 'train')
      .map(({ no, input, expected, category }) => ({
        id: `case-${no}`,
        input,
        expected,
        category: category ?? null,
      })),
    exact: (prompt) => referee(world, prompt),
    // One model plays critic and editor: it tells by the text what it is asked for.
    reply({ role, messages, asked }) {
      const { response_format: schema, seed, temperature } = asked;
      const format = schema === undefined ? {} : { response_format: { type: 'json_schema', json_schema: schema } };
      if (role !== 'agent') return llm(world, { model: 'sim-llm', messages, temperature, seed, ...format }).text;
      const task = messages.findLast((message) => message.role === 'user');
      const prompt = messages
        .filter((message) => message !== task)
        .map(({ content }) => content)
        .join('\n');
      return agent(world, prompt, task.content, seed ?? 0);
    },
  };
}
