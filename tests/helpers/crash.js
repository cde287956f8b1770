// Crash points of a training run: the n-th request before its reply, the n-th reply after it, or the n-th change of the disk
// (see fault-points.js). Plain JavaScript, because bench/crash.js enumerates all of them and the tests some.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { datasetOf } from '../../dist/models/simulated/dataset.js';
import { respond } from '../../dist/models/simulated/respond.js';
import { createWorld } from '../../dist/models/simulated/world.js';

const ROOT = resolve(import.meta.dirname, '../..');
export const CONCURRENCY = 4;
const ARGUMENTS = '--dataset tasks.jsonl --grader exact --max-rollouts 16 --json --quiet --trace-dir traces'.split(' ');

/** A provider whose replies are a function of the request; it kills whoever is set at the n-th request or reply. */
export async function startDeadlyProvider() {
  const world = createWorld('quickstart', 1);
  const requests = [];
  let deadly;
  const server = createServer((incoming, response) => {
    const chunks = [];
    incoming.on('data', (chunk) => chunks.push(chunk));
    incoming.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      requests.push(text);
      const number = requests.length - (deadly?.before ?? 0);
      if (deadly?.phase === 'request' && number === deadly.at) return void deadly.kill();
      if (deadly?.phase === 'reply' && number === deadly.at) response.on('finish', deadly.kill);
      const body = JSON.parse(text);
      const { content, usage } = respond(world, body, body.seed ?? 0);
      response.writeHead(200, { 'content-type': 'application/json' });
      const message = { role: 'assistant', content };
      response.end(
        JSON.stringify({
          id: 'chatcmpl-1',
          model: body.model,
          choices: [{ index: 0, finish_reason: 'stop', message }],
          usage: { prompt_tokens: usage.input, completion_tokens: usage.output },
        }),
      );
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${server.address().port}/v1`,
    requests,
    /** Kills at the n-th request or reply from now on. */
    arm(phase, at, kill) {
      deadly = { phase, at, kill, before: requests.length };
    },
    disarm() {
      deadly = undefined;
    },
    close: () => new Promise((done) => server.close(done).closeAllConnections()),
  };
}

export function createFolder(tasks = 12) {
  const folder = mkdtempSync(join(tmpdir(), 'apo-crash-'));
  const rows = datasetOf(createWorld('quickstart', 1), tasks);
  writeFileSync(join(folder, 'tasks.jsonl'), rows.map((task) => JSON.stringify(task)).join('\n'));
  // Money shows whether a call is paid for twice.
  writeFileSync(join(folder, 'apo.yaml'), 'prices: { "*": { input: 1, output: 3 } }\n');
  return folder;
}

/** Runs `apo train` (or its resumption) in the folder; `point` is where it dies. */
export function runTrainer(provider, folder, { resume = false, point, more = [], dist = join(ROOT, 'dist') } = {}) {
  return new Promise((done) => {
    const preload = pathToFileURL(join(ROOT, 'tests/helpers/fault-points.js')).href;
    const onDisk = point?.phase === 'disk';
    const child = spawn(
      process.execPath,
      [
        ...(onDisk ? ['--import', preload] : []),
        join(dist, 'cli.js'),
        'train',
        ...(resume
          ? ['--resume', ...(resume === true ? [] : [resume]), '--json', '--quiet', '--trace-dir', 'traces']
          : ARGUMENTS),
        '--concurrency',
        String(CONCURRENCY),
        ...more,
      ],
      {
        cwd: folder,
        env: {
          PATH: process.env.PATH,
          OPENAI_BASE_URL: provider.url,
          OPENAI_API_KEY: 'sk-crash-0123456789abcdef',
          ...(onDisk ? { FAULT: 'kill', FAULT_AT: String(point.at) } : {}),
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const kill = () => child.kill('SIGKILL');
    if (point !== undefined && !onDisk) provider.arm(point.phase, point.at, kill);
    // An interrupted benchmark removes the folder that the trainer writes into.
    process.prependOnceListener('exit', kill);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (text) => {
      stdout += text;
    });
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    child.on('close', (code, signal) => {
      process.off('exit', kill);
      provider.disarm();
      done({ code, signal, stdout, stderr });
    });
  });
}

/** The result without what names the run, times it or says where it is. */
export function lastingOf(stdout) {
  const { runId: _run, durationMs: _duration, files: _files, ...rest } = JSON.parse(stdout);
  return JSON.stringify(rest);
}

export async function runBaseline(provider, options = {}) {
  const before = provider.requests.length;
  const ended = await runTrainer(provider, createFolder(), options);
  if (ended.code !== 0) throw new Error(`the baseline failed: ${ended.stderr}`);
  const requests = provider.requests.slice(before);
  return { result: lastingOf(ended.stdout), requests: requests.length, distinct: new Set(requests).size };
}

/**
 * One crash: a run dies at the point, then at each of `again` during its resumption, then is resumed to its end.
 * @returns undefined when the run ended before it came to the point, else what the last resumption left
 */
export async function crashOnce(provider, point, { again = [], ...options } = {}) {
  const folder = createFolder();
  const before = provider.requests.length;
  let kills = 0;
  const first = await runTrainer(provider, folder, { ...options, point });
  if (first.signal !== 'SIGKILL') return undefined;
  kills++;
  // A kill before the run is stored leaves nothing to resume, and nothing was paid for.
  let started = provider.requests.length > before;
  for (const next of again) {
    const ended = await runTrainer(provider, folder, { ...options, resume: true, point: next });
    if (ended.signal === 'SIGKILL') kills++;
  }
  let last = await runTrainer(provider, folder, { ...options, resume: true });
  if (last.code === 1 && /no unfinished run|there is no store/.test(last.stderr) && !started) {
    last = await runTrainer(provider, folder, options);
    started = false;
  }
  // Killed after its last word to the store: by name it can be looked at once more, which costs nothing.
  if (last.code === 1 && /no unfinished run/.test(last.stderr)) {
    const [name] = readdirSync(join(folder, 'results/runs'));
    last = await runTrainer(provider, folder, { ...options, resume: name });
  }
  const requests = provider.requests.slice(before);
  const counts = new Map();
  for (const text of requests) counts.set(text, (counts.get(text) ?? 0) + 1);
  return {
    folder,
    kills,
    code: last.code,
    stderr: last.stderr,
    stdout: last.stdout,
    result: last.code === 0 ? lastingOf(last.stdout) : undefined,
    file: last.code === 0 ? lastingOf(readFileSync(JSON.parse(last.stdout).files.result, 'utf8')) : undefined,
    requests: requests.length,
    repeated: [...counts.values()].reduce((sum, count) => sum + count - 1, 0),
  };
}
