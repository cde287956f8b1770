import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { messageOf } from '../../core/errors.ts';
import type { Json, JsonObject } from '../../core/json.ts';

/*
 * Patterns come from people, texts from models: a pattern that backtracks without end would hang the process. So every
 * check that runs one does it in a thread that is ended at its deadline. One thread serves all graders, one check at a
 * time; an ended one is replaced at the next check. It does not keep the process alive.
 */

export type Check =
  | { readonly kind: 'regex'; readonly pattern: string; readonly flags: string; readonly text: string }
  | { readonly kind: 'schema'; readonly schema: JsonObject; readonly value: Json };

export type CheckResult =
  /** `detail` says what did not match. */
  | { readonly status: 'done'; readonly matches: boolean; readonly detail: string }
  /** The check itself is wrong, for example a pattern that does not compile. */
  | { readonly status: 'invalid'; readonly reason: string }
  | { readonly status: 'timeout' };

/** Source text, so that it runs the same from sources and from the package, without a file of its own. */
const WORKER_SOURCE = `
const { parentPort, workerData } = require('node:worker_threads');
const validators = new Map();

function validatorOf(schema) {
  const key = JSON.stringify(schema);
  if (!validators.has(key)) {
    const isOld = /draft-0/.test(schema.$schema ?? '');
    const { default: Ajv } = require(isOld ? workerData.ajv : workerData.ajv2020);
    const { $schema, ...rest } = schema;
    validators.set(key, new Ajv({ strict: false, validateFormats: false, logger: false }).compile(rest));
  }
  return validators.get(key);
}

function run(check) {
  if (check.kind === 'regex') return { matches: new RegExp(check.pattern, check.flags).test(check.text), detail: '' };
  const validate = validatorOf(check.schema);
  if (validate(check.value)) return { matches: true, detail: '' };
  const error = (validate.errors ?? [])[0];
  return { matches: false, detail: error ? (error.instancePath || 'the answer') + ' ' + error.message : '' };
}

parentPort.on('message', (check) => {
  try {
    parentPort.postMessage({ status: 'done', ...run(check) });
  } catch (error) {
    parentPort.postMessage({ status: 'invalid', reason: String(error && error.message) });
  }
});
parentPort.postMessage('ready');
`;

const MAX_HEAP_MB = 256;

let worker: Promise<Worker> | undefined;
let queue: Promise<unknown> = Promise.resolve();

/** Runs a check; waiting for earlier checks and for the thread to start does not count against the timeout. */
export function runCheck(check: Check, timeoutMs: number): Promise<CheckResult> {
  const result = queue.then(() => runNext(check, timeoutMs));
  queue = result;
  return result;
}

async function runNext(check: Check, timeoutMs: number): Promise<CheckResult> {
  worker ??= startWorker();
  try {
    const thread = await worker;
    thread.ref();
    const result = await ask(thread, check, timeoutMs);
    if (result.status === 'timeout') {
      worker = undefined;
      await thread.terminate();
    } else {
      thread.unref();
    }
    return result;
  } catch (error) {
    // The thread died, for example of too much memory.
    worker = undefined;
    return { status: 'invalid', reason: messageOf(error) };
  }
}

async function startWorker(): Promise<Worker> {
  const require = createRequire(import.meta.url);
  const thread = new Worker(WORKER_SOURCE, {
    eval: true,
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    workerData: { ajv: require.resolve('ajv'), ajv2020: require.resolve('ajv/dist/2020.js') },
  });
  await answerOf(thread);
  // Whoever waits for an answer hears of it; an idle thread that dies is replaced at the next check.
  thread.on('error', () => {});
  thread.once('exit', () => {
    worker = undefined;
  });
  return thread;
}

async function ask(thread: Worker, check: Check, timeoutMs: number): Promise<CheckResult> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<CheckResult>((resolve) => {
    timer = setTimeout(() => {
      // After a blocked event loop the timer comes before a reply that is already there: let that be read first.
      setImmediate(() => setImmediate(() => resolve({ status: 'timeout' })));
    }, timeoutMs);
  });
  const answer = answerOf(thread);
  thread.postMessage(check);
  try {
    return (await Promise.race([answer, late])) as CheckResult;
  } finally {
    clearTimeout(timer);
    answer.catch(() => {});
  }
}

/** The thread's next message. */
function answerOf(thread: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      thread.off('message', onMessage).off('error', onError).off('exit', onExit);
    };
    const onMessage = (message: unknown): void => {
      done();
      resolve(message);
    };
    const onError = (error: Error): void => {
      done();
      reject(error);
    };
    const onExit = (): void => {
      done();
      reject(new Error('the checking thread ended'));
    };
    thread.on('message', onMessage).on('error', onError).on('exit', onExit);
  });
}
