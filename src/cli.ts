#!/usr/bin/env node
import { run } from './commands/program.ts';

// A reader that has seen enough (`apo trace list | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const exitCode = await run(process.argv);
// Left to itself, Node 24 frees SQLite statements after their environment is gone, and aborts now and then.
process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)));
