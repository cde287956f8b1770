// Export of stored rollouts: memory must not grow with their number. Build first, then: node bench/export.js [rollouts]
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './folder.js';

const SELF = fileURLToPath(import.meta.url);
const [mode, ...rest] = process.argv.slice(2);

if (mode === 'seed') await seed(rest[0], Number(rest[1]));
else if (mode === 'run') await run(rest);
else await compare(Number(mode ?? 100_000));

async function compare(largest) {
  const sizes = [Math.round(largest / 10), largest];
  const exports = [
    ['sft', 'jsonl'],
    ['sft', 'jsonl', '--redact', '0'],
    ['dpo', 'jsonl', '--margin', '0.1'],
    ['sft', 'parquet', '--format', 'verl', '--split', '0.2'],
  ];
  const table = [];
  for (const size of sizes) {
    const folder = temporaryFolder();
    child('seed', folder, String(size));
    for (const [verb, ending, ...flags] of exports) {
      const out = join(folder, `out.${ending}`);
      const result = JSON.parse(
        child('run', 'export', verb, '--out', out, '--store', join(folder, 'apo.db'), ...flags),
      );
      table.push({
        export: [verb, ...flags].join(' '),
        rollouts: size,
        rows: result.rows,
        'rollouts/s': Math.round(size / (result.ms / 1000)),
        'peak RSS MB': Math.round(result.maxRssKb / 1024),
        'file MB': Math.round(statSync(out).size / 1e6),
      });
    }
  }
  console.table(table);
}

function child(...args) {
  return execFileSync(process.execPath, [SELF, ...args], { encoding: 'utf8', maxBuffer: 1 << 26 });
}

/** One command line in a process of its own, so that its peak memory is its own. */
async function run(args) {
  const { run: apo } = await import('../dist/commands/program.js');
  const write = process.stdout.write.bind(process.stdout);
  let stdout = '';
  process.stdout.write = (text) => {
    stdout += text;
    return true;
  };
  const start = performance.now();
  const code = await apo(['node', 'apo', ...args, '--json']);
  const ms = performance.now() - start;
  process.stdout.write = write;
  if (code !== 0) throw new Error(`exit ${code}`);
  write(JSON.stringify({ ms, rows: JSON.parse(stdout).rows, maxRssKb: process.resourceUsage().maxRSS }));
}

/** Two rollouts for each task, of about 2.5 KB: system prompt, tool call and result, thinking, answer. */
async function seed(folder, size) {
  const { default: createStore } = await import('../dist/stores/sqlite.js');
  const store = createStore({ path: 'apo.db', create: true }, { folder });
  const at = '2026-11-21T00:00:00.000Z';
  await store.runs.create({
    id: 'run-bench',
    status: 'completed',
    reason: '',
    algorithm: 'beam',
    seed: 1,
    config: {},
    createdAt: at,
    updatedAt: at,
    result: null,
  });
  const system = 'You help customers of a shop. Answer briefly and name your sources. '.repeat(8);
  for (let first = 0; first < size; first += 1_000) {
    await store.rollouts.save(
      Array.from({ length: Math.min(1_000, size - first) }, (_, index) => rollout(first + index, system)),
    );
  }
  await store.close();
}

function rollout(number, system) {
  const event = (body) => ({ at: number, spanId: '0000000000000001', ...body });
  const answer =
    `Order ${number} was sent to customer${number}@shop.example and arrives on day ${number % 30}. `.repeat(4);
  return {
    runId: 'run-bench',
    iteration: 0,
    split: 'train',
    category: 'orders',
    difficulty: null,
    rollout: {
      id: `ro-${number}`,
      taskId: `task-${number >> 1}`,
      promptId: 'p-1',
      sample: number & 1,
      status: 'ok',
      answer,
      failure: null,
      traceId: number.toString(16).padStart(32, '0'),
      events: [
        event({ type: 'system', content: system }),
        event({ type: 'user', content: `Where is order ${number >> 1}? My phone is +49 171 ${1000000 + number}.` }),
        event({ type: 'thinking', content: 'I have to look the order up before I answer. '.repeat(5) }),
        event({ type: 'tool_call', id: `c${number}`, name: 'find_order', arguments: `{"id":${number}}` }),
        event({
          type: 'tool_result',
          id: `c${number}`,
          name: 'find_order',
          content: `{"state":"sent","to":"customer${number}@shop.example"}`,
          isError: false,
          replayed: true,
        }),
        event({ type: 'reply', content: answer }),
      ],
      usage: { input: 1, output: 1, cached: 0, reasoning: 0, estimated: false },
      durationMs: 1,
    },
    grade: { status: 'scored', score: (number % 7) / 6, reason: 'graded' },
  };
}
