// Preloaded (`node --import`) to make the n-th write to the disk fail: FAULT_AT=n, FAULT=kill or an errno code, and with
// FAULT_MODE=persistent every later one too; FAULT_ONLY=name counts calls of that name only. Points are the file system calls that change something and, for kills, each
// SQL statement. Prints nothing; a process that ends untouched had fewer than n points.
import fs from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { dirname, join } from 'node:path';

const at = Number(process.env.FAULT_AT);
const fault = process.env.FAULT ?? 'kill';
let count = 0;

function point(name) {
  if (process.env.FAULT_ONLY !== undefined && process.env.FAULT_ONLY !== name) return;
  count++;
  if (count !== at && !(process.env.FAULT_MODE === 'persistent' && count > at)) return;
  if (fault === 'kill') process.kill(process.pid, 'SIGKILL');
  throw Object.assign(new Error(`${fault}: injected, ${name}`), { code: fault, syscall: name });
}

for (const name of [
  'mkdirSync',
  'writeFileSync',
  'writeSync',
  'fsyncSync',
  'fdatasyncSync',
  'renameSync',
  'linkSync',
]) {
  const original = fs[name];
  fs[name] = (...given) => {
    point(name);
    return original(...given);
  };
}
const sync = fs.fdatasync;
fs.fdatasync = (file, done) => {
  try {
    point('fdatasync');
  } catch (error) {
    setImmediate(done, error);
    return;
  }
  sync(file, done);
};
const open = fs.openSync;
fs.openSync = (path, flags, ...rest) => {
  if (flags !== 'r') point('openSync');
  return open(path, flags, ...rest);
};
syncBuiltinESMExports();

if (fault === 'kill') {
  const require = createRequire(import.meta.url);
  // The entry of better-sqlite3 is loaded after this and takes its class from here.
  const inner = join(dirname(require.resolve('better-sqlite3')), 'database.js');
  const Original = require(inner);
  function Watched(path, options) {
    return new Original(path, { ...options, verbose: () => point('sql') });
  }
  Watched.prototype = Original.prototype;
  require.cache[inner].exports = Watched;
}
