process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader that closed its end (`| head`) has what it wanted.
  if (error.code !== 'EPIPE') throw error;
});

/** Writes one JSON document: the only thing on stdout of a command with `--json`. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
