import { z } from 'zod';
import type { PluginContext } from '../config/plugin.ts';
import { ApoError, messageOf } from '../core/errors.ts';
import { isJsonObject, type Json } from '../core/json.ts';
import { abortable } from '../platform/abort.ts';
import type { Agent } from './agent.ts';
import { checkNotEmpty } from './shared/check.ts';
import { type AgentReply, type AgentRequest, requestOf, resultOf } from './shared/exchange.ts';
import { loadModule } from './shared/load.ts';

export const options = z.strictObject({
  /** Path of an ES module whose default export answers, relative to the config file. */
  module: z.string(),
});

/** The user's function. It throws to fail; returning '' fails too. It should stop when the signal is aborted. */
export type AgentFunction = (request: AgentRequest & { readonly signal: AbortSignal }) => unknown;

/** Runs the user's own agent in this process: a function that returns the answer, or `{ answer }`. */
export default async function createModuleAgent(
  given: z.infer<typeof options>,
  { folder }: PluginContext,
): Promise<Agent> {
  const { exports, path, sourceHash } = await loadModule('agent', given.module, folder);
  if (typeof exports.default !== 'function') {
    throw new ApoError('plugin-invalid', `agent module ${path} has no default-exported function`, {
      hint: 'export default async ({ prompt, task, signal }) => answer',
    });
  }
  const answer = exports.default as AgentFunction;
  return {
    identity: { agent: 'module', module: given.module, source: sourceHash },
    // Its tools are out of sight: critics can know of them from the prompt and from recordings only.
    toolNames: [],
    usesModel: false,
    validate: checkNotEmpty,
    async run(prompt, task, context) {
      const request = requestOf(prompt, task);
      const reply = await context.effect('module', request, async (signal): Promise<AgentReply> => {
        try {
          // A copy, so that what the function does to it stays its own affair.
          const value = await abortable(signal, async () => answer({ ...structuredClone(request), signal }));
          return { text: JSON.stringify({ answer: answerOf(value) }) };
        } catch (error) {
          signal.throwIfAborted();
          return { failure: `the agent threw: ${messageOf(error)}` };
        }
      });
      return resultOf(reply);
    },
  };
}

function answerOf(value: unknown): Json {
  const answer = isJsonObject(value) && Object.hasOwn(value, 'answer') ? value.answer : value;
  return (answer ?? null) as Json;
}
