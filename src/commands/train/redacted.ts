import type { Agent, AgentContext, AgentResult } from '../../agents/agent.ts';
import type { Redaction } from '../../config/redaction.ts';
import { isApoError, messageOf } from '../../core/errors.ts';
import type { Grade } from '../../core/rollout.ts';
import type { Grader } from '../../graders/grader.ts';
import { ModelError } from '../../models/model.ts';

/*
 * Tools, agents and graders are users' own code, which knows their keys: what it says is cleaned before it is journaled,
 * recorded, shown or put into a prompt (reliability.md S05). Replies of models are cleaned by the models themselves.
 */

export function redactedAgent(agent: Agent, { clean }: Redaction): Agent {
  const { toolNames, toolsOf, usesModel } = agent;
  return {
    identity: agent.identity,
    ...(toolNames === undefined ? {} : { toolNames }),
    ...(usesModel === undefined ? {} : { usesModel }),
    ...(toolsOf === undefined ? {} : { toolsOf: (prompt, task) => toolsOf(prompt, task) }),
    validate: (prompt, tasks) => agent.validate(prompt, tasks),
    async run(prompt, task, context): Promise<AgentResult> {
      const result = await cleanly(clean, () => agent.run(prompt, task, redactedContext(context, clean)));
      return { ...result, answer: clean(result.answer), failure: clean(result.failure) };
    },
  };
}

function redactedContext(context: AgentContext, clean: Redaction['clean']): AgentContext {
  return {
    signal: context.signal,
    chat: (messages, tools) => context.chat(messages, tools),
    tool: (call, execute) => context.tool(call, async () => clean(await cleanly(clean, execute))),
    effect: (name, request, perform) =>
      context.effect(name, request, async (signal) => clean(await cleanly(clean, () => perform(signal)))),
  };
}

export function redactedGrader(grader: Grader, { clean }: Redaction): Grader {
  const { problemOf, skipsGold } = grader;
  return {
    name: grader.name,
    identity: grader.identity,
    needsExpected: grader.needsExpected,
    usesModel: grader.usesModel,
    ...(skipsGold === undefined ? {} : { skipsGold }),
    ...(problemOf === undefined ? {} : { problemOf: (task) => problemOf.call(grader, task) }),
    grade: async (rollout, task, context): Promise<Grade> =>
      clean(await cleanly(clean, () => grader.grade(rollout, task, context))),
  };
}

/** Errors of the engine are what they were: it tells them apart, and their texts are clean. */
async function cleanly<T>(clean: Redaction['clean'], run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const said = messageOf(error);
    const shown = clean(said);
    if (shown === said || isApoError(error) || error instanceof ModelError) throw error;
    throw new Error(shown, { cause: error });
  }
}
