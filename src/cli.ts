#!/usr/bin/env node
import { run } from './commands/program.ts';
import { ApoError, exitCodeOf, faultInWords } from './core/errors.ts';

const HUNG_UP = exitCodeOf(new ApoError('hung-up', ''));
let unwritten: NodeJS.ErrnoException | null | undefined;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader that has seen enough (`apo trace list | head`) is no error.
  if (error.code === 'EPIPE') process.exit(0);
  unwritten = error;
});
// Progress and warnings stand beside the work: that nobody can read them any more must not end what is paid for.
process.stderr.on('error', () => undefined);

const exitCode = await run(process.argv);
// Left to itself, Node 24 frees SQLite statements after their environment is gone, and aborts now and then.
process.stdout.write('', (error) => end(exitCode === 0 ? (unwritten ?? error) : undefined));

function end(fault: NodeJS.ErrnoException | null | undefined): void {
  if (!fault || fault.code === 'EPIPE') return void process.stderr.write('', leave);
  const line = `error: cannot write to stdout: ${faultInWords(fault)} - make room there; a run's result is kept all the same (apo runs show)\n`;
  process.stderr.write(line, () => process.exit(exitCodeOf(new ApoError('file-write', line))));
}

function leave(): void {
  // Node restores the terminal when it exits, and crashes where that is closed; what closed it ends the process too.
  if (exitCode === HUNG_UP) process.kill(process.pid, 'SIGHUP');
  else process.exit(exitCode);
}
