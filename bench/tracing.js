// What a span costs the agent, in process and without its sink: `npm run build && node bench/tracing.js`.
// Each row is the median of the rounds, so that a garbage collection or a busy neighbour does not decide it.
import { setImmediate } from 'node:timers/promises';
import { configureTracing, session, span, trace } from '../dist/traces/index.js';

const ROUNDS = 40;
const SPANS = 2_000;

const memory = { name: 'memory', write: async () => {}, close: async () => {} };
const hole = { name: 'black hole', write: () => new Promise(() => {}), close: async () => {} };
const messages = JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: 'x'.repeat(500) }] }]);

const work = {
  'phase span': () => span.phase('plan', () => 1),
  'tool span with arguments and result': () =>
    span.tool('search', () => 'two results', { id: 'call-1', arguments: '{"query":"weather"}' }),
  'model span with 0.5 KB and 8 attributes': () =>
    span.model('gpt-x', (open) =>
      open.set({
        'gen_ai.input.messages': messages,
        'gen_ai.response.model': 'gpt-x',
        'gen_ai.response.finish_reasons': ['stop'],
        'gen_ai.usage.input_tokens': 100,
        'gen_ai.usage.output_tokens': 20,
        'server.address': 'localhost',
      }),
    ),
  'asynchronous phase span': async () => span.phase('plan', async () => 1),
};

async function measure(action, sinks) {
  const tracing = sinks === undefined ? undefined : configureTracing({ sinks, service: 'bench' });
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    const started = process.hrtime.bigint();
    await session('bench', () =>
      trace('bench', async () => {
        for (let index = 0; index < SPANS; index++) {
          const result = action();
          if (result instanceof Promise) await result;
        }
      }),
    );
    rounds.push(Number(process.hrtime.bigint() - started) / SPANS / 1000);
    await tracing?.flush(5);
    await setImmediate();
  }
  const report = await tracing?.close(5);
  rounds.sort((a, b) => a - b);
  return { median: rounds[ROUNDS / 2], worst: rounds.at(-1), dropped: report?.dropped ?? 0 };
}

console.log(`Node ${process.version}, ${ROUNDS} rounds of ${SPANS} spans`);
const rows = [];
for (const [name, action] of Object.entries(work)) {
  await measure(action, [memory]);
  for (const [label, sinks] of [
    ['tracing off', undefined],
    ['memory sink', [memory]],
    ['black-hole sink', [hole]],
  ]) {
    const { median, worst, dropped } = await measure(action, sinks);
    const cost = { 'median µs': median.toFixed(2), 'worst µs': worst.toFixed(2), dropped };
    rows.push({ span: name, with: label, ...cost });
  }
}
console.table(rows);
