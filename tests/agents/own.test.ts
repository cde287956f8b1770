import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Agent } from '../../src/agents/agent.ts';
import { createEnvironment } from '../../src/config/environment.ts';
import { createPrompt } from '../../src/core/prompt.ts';
import { loadPlugin } from '../../src/plugins.ts';
import { agentContext, replyOf, taskOf } from '../helpers/contexts.ts';
import { temporaryFolder } from '../helpers/folder.ts';

const folder = temporaryFolder();
let files = 0;

function load(source: string): Promise<Agent> {
  const use = `./own-${files++}.mjs`;
  writeFileSync(join(folder, use), source);
  return loadPlugin('agent', { use }, { folder, environment: createEnvironment({}) });
}

describe("a user's own kind of agent", () => {
  it('is a factory with the contract of the built-in ones', async () => {
    const agent = await load(`
      export default () => ({
        identity: { agent: 'own' },
        validate() {},
        async run(prompt, task, context) {
          const reply = await context.chat([{ role: 'user', content: prompt.components.system + task.input }]);
          return { status: 'ok', answer: reply.content, failure: null };
        },
      });`);
    const result = await agent.run(createPrompt('Help. '), taskOf(), agentContext([replyOf('42')]));
    expect(result).toEqual({ status: 'ok', answer: '42', failure: null });
  });

  it.each([
    ['export default async ({ task }) => "42";', /returns no function "validate"/],
    ['export default () => ({ validate() {} });', /returns no function "run"/],
    ['export default () => undefined;', /returns no function "validate"/],
    ['export default () => { throw new Error("no licence"); };', /cannot be created: no licence/],
    ['export const answer = 42;', /no default-exported function/],
    ['not JavaScript', /cannot load agent/],
  ])('is refused as %s', async (source, message) => {
    await expect(load(source)).rejects.toMatchObject({
      code: 'plugin-invalid',
      message: expect.stringMatching(message),
    });
  });
});
