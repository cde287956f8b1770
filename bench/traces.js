// First pages over a large store, by filter; and the whole command as a process.
// Run: npm run build && node bench/traces.js [spans, default 1000000]
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import createSqliteStore from '../dist/stores/sqlite.js';
import { temporaryFolder } from './folder.js';

const SPANS_PER_TRACE = 20;
const total = Number(process.argv[2] ?? 1_000_000);
const folder = temporaryFolder();
const path = join(folder, 'apo.db');
const store = createSqliteStore({ path, create: true }, { folder: '/' });
const hex = (number, digits) => number.toString(16).padStart(digits, '0');
const text = (role, content) => JSON.stringify([{ role, parts: [{ type: 'text', content }] }]);

/** Trace `index`: an agent, model calls and tools; ids are spread as random ones are. */
function spansOf(index) {
  const traceId = hex((index * 2_654_435_761) % 2 ** 32, 8) + hex(index, 24);
  const startMs = 1_790_000_000_000 + index * 1_000;
  return Array.from({ length: SPANS_PER_TRACE }, (_, step) => {
    const kind = step === 0 ? 'agent' : step % 4 === 3 ? 'tool' : 'model';
    const failed = kind === 'tool' && index % 50 === 0;
    return {
      traceId,
      spanId: hex(step + 1, 16),
      parentSpanId: step === 0 ? null : hex(1, 16),
      name: kind === 'agent' ? 'invoke_agent support' : kind === 'tool' ? 'execute_tool search' : 'chat gpt-4o-mini',
      kind,
      startNs: `${startMs + step * 10}000000`,
      endNs: `${startMs + step * 10 + 9}000000`,
      status: failed ? 'error' : 'ok',
      statusMessage: failed ? 'search is down' : '',
      attributes:
        kind === 'tool'
          ? {
              'gen_ai.operation.name': 'execute_tool',
              'gen_ai.tool.name': index % 1_000 === 0 ? 'rare_tool' : 'search',
            }
          : {
              'gen_ai.operation.name': kind === 'agent' ? 'invoke_agent' : 'chat',
              'gen_ai.request.model': index % 10 === 0 ? 'gpt-4o' : 'gpt-4o-mini',
              'gen_ai.conversation.id': `session-${index % 5_000}`,
              'user.id': `user-${index % 3_000}`,
              'gen_ai.usage.input_tokens': 100 + step,
              'gen_ai.usage.output_tokens': 10,
              'gen_ai.input.messages': text(
                'user',
                `question ${step} of ticket${index} about an invoice that was paid twice`,
              ),
              'gen_ai.output.messages': text(
                'assistant',
                `answer ${step} for order ${index % 777}: the refund is on its way`,
              ),
            },
      events: [],
      links: [],
      resource: { 'service.name': 'support' },
      scope: { name: 'bench', version: '1' },
    };
  });
}

const traces = Math.ceil(total / SPANS_PER_TRACE);
const started = performance.now();
for (let index = 0; index < traces; index += 50) {
  await store.traces.saveSpans(
    Array.from({ length: Math.min(50, traces - index) }, (_, offset) => spansOf(index + offset)).flat(),
  );
}
for (let index = 0; index < traces; index += 100) {
  const feedback = {
    spanId: null,
    name: 'thumbs',
    source: 'human',
    label: '',
    comment: '',
    correction: null,
    metadata: {},
  };
  const score = (index % 700) / 700;
  await store.traces.addFeedback({
    ...feedback,
    id: `f${index}`,
    traceId: spansOf(index)[0].traceId,
    score,
    at: new Date().toISOString(),
  });
}
const seconds = (performance.now() - started) / 1_000;
process.stdout.write(`Node ${process.version}, ${cpus().length} x ${cpus()[0].model}\n`);
process.stdout.write(
  `${traces * SPANS_PER_TRACE} spans in ${traces} traces, ${Math.round(statSync(path).size / 1e6)} MB, saved in ${seconds.toFixed(0)} s\n\n`,
);
process.stdout.write('| first page of 50 | traces | first call | median of 9 |\n|---|--:|--:|--:|\n');

const cases = {
  'no filter': {},
  session: { sessionId: 'session-42' },
  user: { userId: 'user-42' },
  'model of every tenth trace': { model: 'gpt-4o' },
  'tool of every thousandth trace': { tool: 'rare_tool' },
  'unknown tool': { tool: 'nothing' },
  'status error (2 %)': { status: 'error' },
  'score at most 0.2 (0.2 %)': { maxScore: 0.2 },
  'a word in every trace': { text: 'refund' },
  'a word in one trace': { text: `ticket${Math.floor(traces / 3)}` },
  'two common words that seldom meet': { text: 'question 776' },
  'since, until': { since: '2026-09-21', until: '2026-09-21' },
  'model, error and text': { model: 'gpt-4o', status: 'error', text: 'search down' },
};
for (const [name, filter] of Object.entries(cases)) {
  const times = [];
  let count = 0;
  for (let run = 0; run < 10; run++) {
    const from = performance.now();
    count = (await store.traces.list(filter, { limit: 50 })).traces.length;
    times.push(performance.now() - from);
  }
  const [first, ...rest] = times;
  rest.sort((a, b) => a - b);
  process.stdout.write(`| ${name} | ${count} | ${first.toFixed(1)} ms | ${rest[4].toFixed(1)} ms |\n`);
}
const cli = new URL('../dist/cli.js', import.meta.url).pathname;
for (const argv of [
  ['trace', 'list'],
  ['trace', 'stats'],
  ['trace', 'show', 'latest'],
]) {
  const from = performance.now();
  const { status } = spawnSync(process.execPath, [cli, ...argv, '--store', path], { stdio: 'ignore' });
  process.stdout.write(
    `| process: apo ${argv.join(' ')} (exit ${status}) | | ${(performance.now() - from).toFixed(0)} ms | |\n`,
  );
}
await store.close();
