import { describe, expect, it } from 'vitest';
import type { Agent } from '../../src/agents/agent.ts';
import { createPrompt } from '../../src/core/prompt.ts';
import type { ChatReply } from '../../src/models/model.ts';
import { agentContext, replayed, taskOf } from '../helpers/contexts.ts';

/** What every agent promises. `create` makes one that answers "42" to the task, given the replies where it has a model. */
export function testAgent(name: string, create: () => Promise<Agent>, replies: readonly ChatReply[] = []): void {
  const prompt = createPrompt('Answer with a number.');
  const task = taskOf({ expected: 'EXPECTED-CANARY', observed: 'OBSERVED-CANARY' });

  describe(`${name} as an agent`, () => {
    it('answers a task', async () => {
      const agent = await create();
      agent.validate(prompt, [task]);
      expect(await agent.run(prompt, task, agentContext(replies))).toEqual({
        status: 'ok',
        answer: '42',
        failure: null,
      });
    });

    it('has an identity that is JSON and the same for the same options', async () => {
      const { identity } = await create();
      expect(JSON.parse(JSON.stringify(identity))).toEqual(identity);
      expect((await create()).identity).toEqual(identity);
    });

    it('gives the same result from the journal without doing anything', async () => {
      const recording = agentContext(replies);
      const result = await (await create()).run(prompt, task, recording);
      expect(await (await create()).run(prompt, task, replayed(recording, replies))).toEqual(result);
    });

    it('does not see the answers that it is graded by', async () => {
      const recording = agentContext(replies);
      await (await create()).run(prompt, task, recording);
      const seen = JSON.stringify([recording.chats, recording.effects]);
      expect(seen).toContain(task.input);
      expect(seen).not.toContain('CANARY');
    });

    it('passes on what the context throws', async () => {
      const failure = new Error('budget');
      const stop = (): Promise<never> => Promise.reject(failure);
      const context = { signal: new AbortController().signal, chat: stop, tool: stop, effect: stop };
      await expect((await create()).run(prompt, task, context)).rejects.toBe(failure);
    });

    it('ends with the reason of an aborted signal', async () => {
      const reason = new Error('deadline');
      const context = agentContext(replies, AbortSignal.abort(reason));
      await expect((await create()).run(prompt, task, context)).rejects.toBe(reason);
    });
  });
}
