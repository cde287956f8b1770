// The first examiner's worlds in the shape that run.js wants.
import { FAMILIES } from './families.js';
import { World } from './worlds.js';

export const families = Object.keys(FAMILIES);

export function createWorld(family, seed) {
  const world = new World(family, seed, FAMILIES[family]);
  return {
    startPrompt: world.seedPrompt,
    tasks: world.train.map(({ input, expected }) => ({ id: input, input, expected })),
    exact: (prompt) => world.exact(prompt),
    reply({ role, messages, asked }) {
      const textOf = (wanted) =>
        messages
          .filter((message) => message.role === wanted)
          .map(({ content }) => content)
          .join('\n');
      const user = textOf('user');
      if (role === 'agent') return world.agent(textOf('system'), user);
      return role === 'critic' ? world.critique(asked, user) : world.edit(asked, user);
    },
  };
}
