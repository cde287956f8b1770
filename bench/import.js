// A one-million-message AGNO v2 database: written, imported by the CLI, measured. `npm run build && node bench/import.js [messages]`
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { temporaryFolder } from './folder.js';

const MESSAGES = Number(process.argv[2] ?? 1_000_000);
/** Messages of an ordinary session: 8 turns of 2 to 4 messages. */
const TURNS = 8;
const LARGE_SESSION_MESSAGES = Math.min(20_000, MESSAGES / 10);

const folder = temporaryFolder();
const path = join(folder, 'agent.db');
const written = writeDatabase(path);
const out = join(folder, 'tasks.jsonl');
const started = process.hrtime.bigint();
const { peakMiB, result } = await runImport(path, out);
const seconds = Number(process.hrtime.bigint() - started) / 1e9;
const table = {
  messages: written.messages,
  sessions: written.sessions,
  'database MiB': mib(statSync(path).size),
  seconds: Number(seconds.toFixed(1)),
  'messages/s': Math.round(written.messages / seconds),
  tasks: result.kept,
  dropped: JSON.stringify(result.dropped),
  'output MiB': mib(statSync(out).size),
  'peak RSS MiB': peakMiB,
};
console.table(table);
if (result.loaded !== written.turns) throw new Error(`${written.turns} turns were written, ${result.loaded} read`);

function mib(bytes) {
  return Math.round(bytes / 1024 / 1024);
}

/** As agno 2.9 stores it: JSON columns encoded twice, seconds, runs with input, messages, tools and metrics. */
function writeDatabase(path) {
  const database = new Database(path);
  database.pragma('journal_mode = WAL');
  database.exec(`CREATE TABLE agno_sessions (session_id VARCHAR NOT NULL, session_type VARCHAR NOT NULL, agent_id VARCHAR,
    team_id VARCHAR, workflow_id VARCHAR, user_id VARCHAR, session_data JSON, agent_data JSON, team_data JSON,
    workflow_data JSON, metadata JSON, runs JSON, summary JSON, created_at BIGINT NOT NULL, updated_at BIGINT,
    PRIMARY KEY (session_id))`);
  const insert = database.prepare(
    "INSERT INTO agno_sessions VALUES (?, 'agent', 'shop', NULL, NULL, ?, ?, NULL, NULL, NULL, 'null', ?, 'null', ?, ?)",
  );
  const now = Math.floor(Date.now() / 1000);
  let messages = 0;
  let sessions = 0;
  let turns = 0;
  database.exec('BEGIN');
  while (messages < MESSAGES) {
    const id = `session-${sessions++}`;
    const wanted = sessions === 10 ? LARGE_SESSION_MESSAGES : Number.POSITIVE_INFINITY;
    const runs = [];
    for (let turn = 0, count = 0; wanted === Number.POSITIVE_INFINITY ? turn < TURNS : count < wanted; turn++) {
      const run = makeRun(id, turn, now);
      count += run.messages.length;
      messages += run.messages.length;
      turns++;
      runs.push(run);
    }
    const twice = (value) => JSON.stringify(JSON.stringify(value));
    insert.run(id, `user-${sessions % 997}`, twice({ session_state: {} }), twice(runs), now, now);
  }
  database.exec('COMMIT');
  database.close();
  return { messages, sessions, turns };
}

function makeRun(session, turn, now) {
  const order = `${session.slice(8)}-${turn}`;
  const question = `Where is my order ${order}? It was promised for last ${['Monday', 'Friday', 'week'][turn % 3]} and nothing has come. Café 🚚`;
  const answer = `I looked into order ${order}: it left the warehouse and should reach you within two days. ${'Sorry for the wait. '.repeat(3)}`;
  const base = { from_history: false, stop_after_tool_call: false, created_at: now };
  const call = {
    id: `call_${turn}`,
    type: 'function',
    function: { name: 'find_order', arguments: `{"order": "${order}"}` },
  };
  const hasTool = turn % 2 === 0;
  const messages = [
    {
      id: `${order}s`,
      role: 'system',
      content: 'You answer questions of customers of a shop. Be brief and polite.',
      ...base,
    },
    { id: `${order}u`, role: 'user', content: question, ...base },
    ...(hasTool
      ? [
          {
            id: `${order}c`,
            role: 'assistant',
            tool_calls: [call],
            metrics: { input_tokens: 100, output_tokens: 20 },
            ...base,
          },
          {
            id: `${order}t`,
            role: 'tool',
            content: `order ${order}: shipped`,
            tool_call_id: call.id,
            tool_name: 'find_order',
            tool_call_error: false,
            ...base,
          },
        ]
      : []),
    { id: `${order}a`, role: 'assistant', content: answer, metrics: { input_tokens: 150, output_tokens: 40 }, ...base },
  ];
  return {
    run_id: `run-${order}`,
    agent_id: 'shop',
    agent_name: 'Shop',
    session_id: session,
    content: answer,
    content_type: 'str',
    model: 'gpt-4o-mini',
    model_provider: 'OpenAI',
    created_at: now,
    status: 'COMPLETED',
    events: [],
    metrics: { input_tokens: 250, output_tokens: 60, total_tokens: 310, duration: 1.2 },
    messages,
    input: { input_content: question },
  };
}

/** The child's highest resident set, sampled by the kernel: VmHWM of /proc while it runs. */
async function runImport(history, out) {
  const { readFileSync } = await import('node:fs');
  const child = spawn(
    process.execPath,
    ['dist/cli.js', 'dataset', 'import', '--history', history, '--out', out, '--json'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  let peakKiB = 0;
  const timer = setInterval(() => {
    try {
      peakKiB = Math.max(
        peakKiB,
        Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0),
      );
    } catch {
      // The process has just ended.
    }
  }, 50);
  const code = await new Promise((resolve) => child.once('close', resolve));
  clearInterval(timer);
  if (code !== 0) throw new Error(`the import ended with ${code}`);
  return { peakMiB: Math.round(peakKiB / 1024), result: JSON.parse(text) };
}
