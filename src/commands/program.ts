import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import pc from 'picocolors';
import { exitCodeOf, isApoError, messageOf } from '../core/errors.ts';
import { terminalSafe } from '../platform/text.ts';

/** A command's file declares it and imports what does the work when it is called, so that `apo --help` loads nothing heavy. */
type Register = (program: Command) => void;

const COMMANDS: readonly (() => Promise<{ readonly register: Register }>)[] = [
  () => import('./init.ts'),
  () => import('./check.ts'),
  () => import('./train.ts'),
  () => import('./dataset.ts'),
  () => import('./prompt.ts'),
  () => import('./runs.ts'),
  () => import('./trace.ts'),
  () => import('./export.ts'),
  () => import('./serve.ts'),
  () => import('./simulate.ts'),
];

/**
 * Runs one command line and returns the exit code. A command fails by throwing; the error ends as one line on stderr.
 * stdout is for results only.
 */
export async function run(argv: readonly string[]): Promise<number> {
  const program = new Command('apo')
    .description('Trains the prompts of your agent on real conversations.')
    .version(packageVersion())
    .exitOverride()
    .configureOutput({
      writeErr: (text) => process.stderr.write(text),
    });
  for (const load of COMMANDS) (await load()).register(program);
  pointToHelp(program, 'apo');
  try {
    await provideFlags();
    await program.parseAsync(argv);
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(`${await withoutKeys(describeError(error))}\n`);
    return exitCodeOf(error);
  }
}

/** A .env file that cannot be read is the error of the commands that need it, not of `apo --help`. */
async function provideFlags(): Promise<void> {
  const { provideVariables } = await import('../config/environment.ts');
  try {
    provideVariables('APO_');
  } catch (error) {
    if (!isApoError(error)) throw error;
  }
}

/** Wrong usage of a command is one line, which ends with the help of that command. */
function pointToHelp(command: Command, path: string): void {
  command.configureOutput({
    outputError: (text, write) => write(`${text.trim().replaceAll('\n', ' ')} - see ${path} --help\n`),
  });
  for (const inner of command.commands) pointToHelp(inner, `${path} ${inner.name()}`);
}

/** A module of the user that fails while it is loaded may say what the environment holds. */
async function withoutKeys(line: string): Promise<string> {
  const { loadEnvironment } = await import('../config/environment.ts');
  const { redactionIn } = await import('../config/redaction.ts');
  try {
    return redactionIn(loadEnvironment()).clean(line);
  } catch {
    // A .env file that cannot be read: that is what the line says.
    return line;
  }
}

/** One line: what failed, on what, what to do. */
function describeError(error: unknown): string {
  const hint = isApoError(error) && error.hint !== undefined ? ` - ${error.hint}` : '';
  return `${pc.red('error')}: ${terminalSafe(messageOf(error)).replaceAll('\n', ' ')}${terminalSafe(hint).replaceAll('\n', ' ')}`;
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return version;
}
