import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Agent, AgentResult } from '../../src/agents/agent.ts';
import createModuleAgent from '../../src/agents/module.ts';
import { createPrompt } from '../../src/core/prompt.ts';
import { testAgent } from '../contracts/agent.ts';
import { agentContext, pluginContext, taskOf } from '../helpers/contexts.ts';
import { temporaryFolder } from '../helpers/folder.ts';

const prompt = createPrompt('Be {{tone}}.');
const folder = temporaryFolder();
let files = 0;

async function moduleAgent(source: string): Promise<Agent> {
  const name = `agent-${files++}.mjs`;
  writeFileSync(join(folder, name), source);
  return createModuleAgent({ module: `./${name}` }, pluginContext(folder));
}

async function resultOf(source: string): Promise<AgentResult> {
  return (await moduleAgent(source)).run(prompt, taskOf(), agentContext());
}

const shared = join(folder, 'shared.mjs');
writeFileSync(shared, 'export default async () => "42";');
testAgent('module', () => createModuleAgent({ module: shared }, pluginContext(folder)));

describe('module agent', () => {
  it('gets the prompt as it is, its components and the task', async () => {
    const { answer } = await resultOf(
      'export default ({ prompt, components, task, signal }) => JSON.stringify([prompt, components, task.input, signal.aborted]);',
    );
    expect(JSON.parse(answer)).toEqual(['Be {{tone}}.', { system: 'Be {{tone}}.' }, taskOf().input, false]);
  });

  it.each([
    ['({ answer: "yes" })', 'yes'],
    ['({ answer: { total: 5 } })', '{"total":5}'],
    ['7', '7'],
    ['"{\\"answer\\": 1}"', '{"answer": 1}'],
  ])('reads the returned %s', async (value, answer) => {
    expect(await resultOf(`export default async () => ${value};`)).toEqual({ status: 'ok', answer, failure: null });
  });

  it.each([
    ['throw new Error("boom")', 'the agent threw: boom'],
    ['return undefined', 'the answer is empty'],
    ['return " "', 'the answer is empty'],
    ['const value = {}; value.answer = value; return value', /the agent threw: .*circular/i],
  ])('fails by its own doing with %s', async (body, message) => {
    const result = await resultOf(`export default async () => { ${body}; };`);
    expect(result).toMatchObject({ status: 'failed', failure: { kind: 'agent' } });
    expect(result.failure?.message).toMatch(message);
  });

  it('cannot change the task of the run', async () => {
    const agent = await moduleAgent('export default ({ task }) => { task.metadata.plan = "x"; return "ok"; };');
    const task = taskOf({ metadata: { plan: 'free' } });
    await agent.run(prompt, task, agentContext());
    expect(task.metadata).toEqual({ plan: 'free' });
  });

  it('ends at the deadline even when the function does not', async () => {
    const agent = await moduleAgent('export default () => new Promise(() => {});');
    const controller = new AbortController();
    const run = agent.run(prompt, taskOf(), agentContext([], controller.signal));
    const reason = new Error('deadline');
    setImmediate(() => controller.abort(reason));
    await expect(run).rejects.toBe(reason);
  });

  it('needs a default-exported function', async () => {
    await expect(moduleAgent('export const x = 1;')).rejects.toMatchObject({ code: 'plugin-invalid' });
  });

  it('refuses an empty prompt', async () => {
    const agent = await moduleAgent('export default () => "x";');
    expect(() => agent.validate(createPrompt(' '))).toThrow(expect.objectContaining({ code: 'prompt-invalid' }));
  });
});
