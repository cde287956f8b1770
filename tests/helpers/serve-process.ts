import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { temporaryStore } from './folder.ts';

export const CLI = resolve(import.meta.dirname, '../../dist/cli.js');

export type ServeProcess = {
  readonly line: string;
  readonly url: string;
  readonly otlpUrl: string;
  readonly store: string;
  readonly child: ChildProcess;
  /** Sends the signal and returns the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
};

/** `apo serve` as users run it, on free ports, with a store of its own unless one is given. */
export async function startServe(flags: readonly string[] = [], store = temporaryStore()): Promise<ServeProcess> {
  const child = spawn(process.execPath, [CLI, 'serve', '--port', '0', '--otlp-port', '0', '--store', store, ...flags]);
  const exited = once(child, 'exit');
  let stderr = '';
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  const line = await Promise.race([
    once(child.stdout, 'data').then(([data]) => String(data)),
    exited.then((): never => {
      throw new Error(`apo serve ended: ${stderr}`);
    }),
  ]);
  const [url, otlpUrl] = line.match(/http:\/\/\S+/g) ?? [];
  return {
    line,
    url: url ?? '',
    otlpUrl: otlpUrl ?? '',
    store,
    child,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      return (await exited)[0] as number | null;
    },
  };
}
