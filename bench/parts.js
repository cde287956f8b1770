// What the engine needs besides tasks and optimizer, with a simulated model behind every role.
import createChatAgent, { options as chatOptions } from '../dist/agents/chat.js';
import { createGate } from '../dist/core/gate.js';
import { createPrompt } from '../dist/core/prompt.js';
import { createBudget } from '../dist/engine/budget.js';
import { createCaller } from '../dist/engine/calls.js';
import { createLimiter } from '../dist/engine/limiter.js';
import { createPrices } from '../dist/engine/prices.js';
import { createStopSwitch } from '../dist/engine/stop.js';
import createExactGrader, { options as exactOptions } from '../dist/graders/exact.js';
import { respond } from '../dist/models/simulated/respond.js';
import { systemClock } from '../dist/platform/clock.js';
import createSqliteStore from '../dist/stores/sqlite.js';

/** `model` is what stands behind every role instead, for example a server; `tasks` must not be copied into a prompt. */
export async function createEvaluateParts({
  world,
  tasks = [],
  quotesTasks,
  maxRollouts,
  seed,
  criticStyle,
  model: given,
}) {
  const store = createSqliteStore({ path: ':memory:', create: true }, { folder: '.' });
  const runId = 'bench';
  const now = new Date(0).toISOString();
  await store.runs.create({
    id: runId,
    status: 'running',
    reason: '',
    algorithm: 'bench',
    seed,
    config: {},
    createdAt: now,
    updatedAt: now,
    result: null,
  });
  const clock = systemClock;
  const stop = createStopSwitch();
  const model = given ?? {
    provider: 'simulated',
    simulated: true,
    async chat(request) {
      // A model that knows no JSON schema answers in sentences.
      const { responseSchema, ...text } = request;
      const reply = respond(world, criticStyle === 'text' ? text : request, request.seed ?? 0);
      return {
        content: criticStyle === 'text' ? asSentences(reply.content) : reply.content,
        thinking: '',
        toolCalls: reply.toolCalls,
        finishReason: 'stop',
        usage: reply.usage,
        model: request.model,
        responseId: '',
      };
    },
  };
  const binding = (name) => ({
    model,
    name,
    temperature: undefined,
    maxOutputTokens: undefined,
    limiter: createLimiter({ concurrency: 64, clock }),
  });
  const roles = {
    agent: binding('sim-agent'),
    grader: binding('sim-judge'),
    critic: binding('sim-critic'),
    editor: binding('sim-editor'),
  };
  const budget = createBudget({ rollouts: maxRollouts }, { calls: 0, tokens: 0, costMicroUsd: 0 }, () => 0);
  const caller = createCaller({
    runId,
    journal: store.journal,
    roles,
    budget,
    prices: createPrices({}),
    stop,
    clock,
    random: Math.random,
    callTimeoutMs: 60_000,
    concurrency: 8,
    observer: {},
  });
  return {
    runId,
    seed,
    store,
    caller,
    budget,
    stop,
    clock,
    agent: await createChatAgent(chatOptions.parse({}), { folder: '.' }),
    grader: createExactGrader(exactOptions.parse({})),
    provider: 'simulated',
    concurrency: 8,
    rolloutTimeoutMs: 60_000,
    failureThreshold: 0.1,
    simulated: true,
    reject: createGate({ start: createPrompt(world.startPrompt), tasks, quotesTasks }),
    observer: {},
  };
}

/** The findings of a critic that answers in plain sentences, whatever it is asked for. */
function asSentences(content) {
  if (!content.startsWith('{"findings"')) return content;
  const { findings } = JSON.parse(content);
  return findings.map(({ cause, statement }) => `- ${cause} The prompt should say: ${statement}`).join('\n');
}
