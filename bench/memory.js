// Memory of the engine over a long run: rollouts with events through evaluation, journal and store on disk.
// npm run build && node --expose-gc bench/memory.js [rollouts=20000]
import createChatAgent, { options as chatOptions } from '../dist/agents/chat.js';
import { createPrompt } from '../dist/core/prompt.js';
import { createBudget } from '../dist/engine/budget.js';
import { createCaller } from '../dist/engine/calls.js';
import { createEvaluator } from '../dist/engine/evaluate.js';
import { createLimiter } from '../dist/engine/limiter.js';
import { createPrices } from '../dist/engine/prices.js';
import { createStopSwitch } from '../dist/engine/stop.js';
import createExactGrader, { options as exactOptions } from '../dist/graders/exact.js';
import { systemClock } from '../dist/platform/clock.js';
import { temporaryFolder } from './folder.js';
import { openBenchStore } from './store.js';

const ROLLOUTS = Number(process.argv[2] ?? 20_000);
const TASKS = 500;
const folder = temporaryFolder();
const store = await openBenchStore(folder, 'memory.db');
let number = 0;
const model = {
  provider: 'bench',
  simulated: true,
  async chat(request) {
    number++;
    return {
      content: `Answer ${number}: ${'a few sentences that nobody else gives. '.repeat(30)}`,
      thinking: '',
      toolCalls: [],
      finishReason: 'stop',
      usage: { input: 400, output: 300, cached: 0, reasoning: 0, estimated: false },
      model: request.model,
      responseId: `r${number}`,
    };
  },
};
const limiter = createLimiter({ concurrency: 64, clock: systemClock });
const binding = { model, name: 'bench', temperature: undefined, maxOutputTokens: undefined, limiter };
const stop = createStopSwitch();
const budget = createBudget({}, { calls: 0, tokens: 0, costMicroUsd: 0 }, () => 0);
const caller = createCaller({
  runId: 'run',
  journal: store.journal,
  roles: { agent: binding, grader: binding, critic: binding, editor: binding },
  budget,
  prices: createPrices({}),
  stop,
  clock: systemClock,
  random: Math.random,
  callTimeoutMs: 60_000,
  concurrency: 64,
  observer: {},
});
const { evaluate } = createEvaluator({
  runId: 'run',
  agent: await createChatAgent(chatOptions.parse({}), { folder }),
  grader: createExactGrader(exactOptions.parse({})),
  provider: 'bench',
  caller,
  budget,
  stop,
  clock: systemClock,
  timeoutMs: 60_000,
  concurrency: 64,
  failureThreshold: 0.1,
  save: (rollouts) => store.rollouts.save(rollouts),
  load: () => Promise.reject(new Error('no rollout is looked at twice here')),
  onRollout: () => undefined,
});
const tasks = Array.from({ length: TASKS }, (_, index) => ({
  id: `task-${index}`,
  input: `Question ${index}. ${'Some context of the question. '.repeat(20)}`,
  context: [],
  expected: 'nothing',
  observed: null,
  category: null,
  difficulty: null,
  metadata: {},
}));
console.log('rollouts   RSS MB   heap MB   rollouts/s');
const began = performance.now();
for (let done = 0; done < ROLLOUTS; done += TASKS) {
  const prompt = createPrompt(`You answer questions. Version ${done}.`);
  const purpose = { iteration: 1, split: 'train', label: 'bench' };
  await evaluate(
    prompt,
    tasks.map((task) => ({ task, sample: 0 })),
    purpose,
  );
  if ((done + TASKS) % (ROLLOUTS / 10) === 0) {
    globalThis.gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    const rate = (done + TASKS) / ((performance.now() - began) / 1000);
    const megabytes = (bytes) => String(Math.round(bytes / 2 ** 20));
    console.log(
      `${String(done + TASKS).padStart(8)}   ${megabytes(rss).padStart(6)}   ${megabytes(heapUsed).padStart(7)}   ${String(Math.round(rate)).padStart(10)}`,
    );
  }
}
await store.close();
