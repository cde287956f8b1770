import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

export type Ended = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
};

const ROOT = resolve(import.meta.dirname, '../..');

/** Path of a file of the repository. */
export function repositoryPath(path: string): string {
  return resolve(ROOT, path);
}

/** Runs a program to its end, without this process's environment except PATH and TMPDIR. */
export function runProcess(
  command: string,
  given: readonly string[],
  options: { readonly cwd?: string; readonly env?: { readonly [name: string]: string }; readonly uid?: number } = {},
): Promise<Ended> {
  return new Promise((done, fail) => {
    const child = spawn(command, given, {
      cwd: options.cwd ?? ROOT,
      env: { PATH: process.env.PATH, TMPDIR: process.env.TMPDIR, NO_COLOR: '1', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', fail);
    child.on('close', (code, signal) => done({ code, signal, stdout, stderr }));
  });
}

export function runNode(given: readonly string[], options: Parameters<typeof runProcess>[2] = {}): Promise<Ended> {
  return runProcess(process.execPath, given, options);
}

/** The built command line. */
export function runApo(given: readonly string[], options: Parameters<typeof runProcess>[2] = {}): Promise<Ended> {
  return runNode([repositoryPath('dist/cli.js'), ...given], options);
}
