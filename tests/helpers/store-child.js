// A process that works on a store: `node store-child.js open|count|fill FILE [n]`. Reports one JSON line on stdout.
import createSqliteStore from '../../dist/stores/sqlite.js';

const [command, path, given] = process.argv.slice(2);
const AT = '2026-11-21T09:00:00.000Z';
const REPLY = {
  reply: 'y'.repeat(200),
  usage: { input: 1, output: 2, cached: 0, reasoning: 0, estimated: false },
  costMicroUsd: 3,
  attempts: 1,
};

let done = 0;
async function call(store, index) {
  const key = { runId: 'run-1', role: 'agent', key: `${process.pid}-${index}` };
  await store.journal.start(key, { text: 'x'.repeat(500) }, AT);
  await store.journal.finish(key, REPLY, AT);
  done++;
}

const COMMANDS = {
  async open() {},
  async count(store) {
    for (let index = 0; index < Number(given); index++) await call(store, index);
  },
  async fill(store) {
    for (let index = 0; index < 100_000; index++) await call(store, index);
  },
};

try {
  const store = createSqliteStore({ path, create: true }, { folder: process.cwd() });
  try {
    await COMMANDS[command](store);
  } finally {
    await store.close();
  }
  console.log(JSON.stringify({ done }));
} catch (error) {
  console.log(JSON.stringify({ done, code: error.code, message: error.message, hint: error.hint }));
}
