#!/usr/bin/env node
import { run } from './commands/program.ts';

// A reader that has seen enough (`apo trace list | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await run(process.argv);
