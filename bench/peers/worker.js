// A package in a process of its own: one job as a line of JSON to its standard input, one result as a line back.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/**
 * @param {string} command
 * @param {readonly string[]} args
 */
export function startWorker(command, args) {
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    // litellm would fetch a price list, poml and agentops would call home; none of it is needed here.
    env: { ...process.env, LITELLM_LOCAL_MODEL_COST_MAP: 'True', AGENTOPS_API_KEY: '', DO_NOT_TRACK: '1' },
  });
  const failed = once(child, 'error').then(([error]) => Promise.reject(error));
  const ended = once(child, 'close').then(([code]) =>
    Promise.reject(new Error(`${args.at(-1)} ended with ${code}: is its package installed? see bench/peers/README.md`)),
  );
  failed.catch(() => {});
  ended.catch(() => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    /** @throws Error when the process ends instead of answering */
    async run(job) {
      child.stdin.write(`${JSON.stringify(job)}\n`);
      const { value, done } = await Promise.race([lines.next(), failed]);
      return done ? ended : JSON.parse(value);
    },
    close: () => child.stdin.end(),
  };
}
