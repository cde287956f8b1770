import { type Context, createContext, Script } from 'node:vm';

const SCRIPT = new Script('perform()');

let context: Context | undefined;

/**
 * Calls foreign code and stops it when it computes for too long: endless loops and backtracking patterns too, which
 * nothing else can interrupt in this thread. Only what runs before the function returns is covered, so of an
 * asynchronous function the part up to its first `await`.
 * @throws whatever `perform` throws, or an Error with code `ERR_SCRIPT_EXECUTION_TIMEOUT`.
 */
export function interruptible<T>(timeoutMs: number, perform: () => T): T {
  context ??= createContext({});
  context.perform = perform;
  try {
    return SCRIPT.runInContext(context, { timeout: timeoutMs });
  } finally {
    context.perform = undefined;
  }
}
