// A process that works on a store: `node store-child.js open|count|fill|report FILE [n]`. Reports one JSON line on stdout;
// `report` writes a line for each call that is on disk, too.
import { writeSync } from 'node:fs';
// Parts instead of the plug-in: its schema library takes longer to load than all the rest.
import { openConnection } from '../../dist/stores/sqlite/connection.js';
import { createJournalStore } from '../../dist/stores/sqlite/journal.js';

const [command, path, given] = process.argv.slice(2);
const AT = '2026-11-21T09:00:00.000Z';
const REPLY = {
  reply: 'y'.repeat(200),
  usage: { input: 1, output: 2, cached: 0, reasoning: 0, estimated: false },
  costMicroUsd: 3,
  attempts: 1,
};

let done = 0;
async function call(journal, index) {
  const key = { runId: 'run-1', role: 'agent', key: `${process.pid}-${index}` };
  await journal.start(key, { text: 'x'.repeat(500) }, AT);
  await journal.finish(key, REPLY, AT);
  done++;
}

const COMMANDS = {
  async open() {},
  async count(journal) {
    for (let index = 0; index < Number(given); index++) await call(journal, index);
  },
  async report(journal) {
    for (let index = 0; index < 100_000; index++) {
      await call(journal, index);
      writeSync(1, '.\n');
    }
  },
  async fill(journal) {
    for (let index = 0; index < 100_000; index++) await call(journal, index);
  },
};

try {
  const connection = openConnection(path);
  try {
    await COMMANDS[command](createJournalStore(connection));
  } finally {
    connection.close();
  }
  console.log(JSON.stringify({ done }));
} catch (error) {
  console.log(JSON.stringify({ done, code: error.code, message: error.message, hint: error.hint }));
}
