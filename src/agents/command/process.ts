import { type ChildProcess, spawn } from 'node:child_process';
import { ApoError } from '../../core/errors.ts';

export type ProcessRequest = {
  readonly command: readonly [string, ...string[]];
  readonly folder: string;
  readonly environment: { readonly [name: string]: string };
  readonly input: string;
  readonly maxOutputBytes: number;
  readonly signal: AbortSignal;
};

export type ProcessResult = {
  /** Null when it was ended by a signal. */
  readonly exitCode: number | null;
  readonly stdout: string;
  /** The last part of it. */
  readonly stderr: string;
  /** True when stdout passed the limit and the process was ended for it. */
  readonly overflowed: boolean;
};

const MAX_STDERR_CHARACTERS = 4096;

/** How long output is awaited after the process ended: a grandchild that left the group may hold the pipe open. */
const PIPE_GRACE_MS = 1000;

/** Ended with this process, whatever ends it short of SIGKILL. */
const running = new Set<ChildProcess>();
process.on('exit', killAll);

/** They end a process that has no handler for them, without its `exit` event. */
const DEADLY: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

function killAll(): void {
  for (const child of running) killGroup(child);
}

/** Where nobody else takes the signal: what it would have done, after the programs have ended. */
function endWith(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  killAll();
  process.off(signal, endWith);
  process.kill(process.pid, signal);
}

function started(child: ChildProcess): void {
  // First in line: a handler that takes itself away when it has run is still counted.
  if (running.size === 0) for (const signal of DEADLY) process.prependListener(signal, endWith);
  running.add(child);
}

function gone(child: ChildProcess): void {
  running.delete(child);
  if (running.size === 0) for (const signal of DEADLY) process.off(signal, endWith);
}

/**
 * Runs a program to its end: no shell, an environment of its own, a process group of its own. The whole group is killed
 * when the signal is aborted, when the output passes the limit, and when the program ends and leaves children.
 * @throws the signal's reason, or ApoError `config-invalid` when the program cannot be started.
 */
export async function runProcess(request: ProcessRequest): Promise<ProcessResult> {
  const { command, folder, environment, input, maxOutputBytes, signal } = request;
  signal.throwIfAborted();
  const [program, ...programArguments] = command;
  const child = spawn(program, programArguments, {
    cwd: folder,
    env: { ...environment },
    detached: true,
    shell: false,
    windowsHide: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  started(child);
  const abort = (): void => killGroup(child);
  signal.addEventListener('abort', abort, { once: true });

  const output: Buffer[] = [];
  let size = 0;
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.byteLength;
    if (size <= maxOutputBytes) output.push(chunk);
    else killGroup(child);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-MAX_STDERR_CHARACTERS);
  });
  // A program that does not read its input closes the pipe: no failure of ours.
  child.stdin.on('error', () => {});
  child.stdin.end(input);

  try {
    const exitCode = await ended(child, program);
    signal.throwIfAborted();
    return { exitCode, stdout: Buffer.concat(output).toString('utf8'), stderr, overflowed: size > maxOutputBytes };
  } finally {
    signal.removeEventListener('abort', abort);
    gone(child);
  }
}

function ended(child: ChildProcess, program: string): Promise<number | null> {
  return new Promise((resolve, reject) => {
    let grace: NodeJS.Timeout | undefined;
    child.once('error', (error) => {
      reject(
        new ApoError('config-invalid', `cannot start agent command "${program}": ${error.message}`, {
          hint: 'check the agent\'s "command" in the config: program and arguments as a list',
          cause: error,
        }),
      );
    });
    child.once('exit', () => {
      killGroup(child);
      grace = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, PIPE_GRACE_MS);
    });
    child.once('close', (code: number | null) => {
      clearTimeout(grace);
      resolve(code);
    });
  });
}

/** On Windows there are no process groups to signal: the program alone is ended. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Already gone.
  }
}
