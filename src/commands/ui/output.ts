/** Writes one JSON document: the only thing on stdout of a command with `--json`. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

const { stdout, stderr } = process;
const writeToStdout = stdout.write.bind(stdout);

/** The same as one line, also while stdout is kept for it. */
export function printJsonLine(value: unknown): void {
  writeToStdout(`${JSON.stringify(value)}\n`);
}

/** What code of the user (graders, tools, agents) prints while `work` lasts goes to stderr where stdout is for JSON only. */
export async function keepStdout<T>(isKept: boolean | undefined, work: () => Promise<T>): Promise<T> {
  if (isKept !== true) return work();
  const { write } = stdout;
  stdout.write = stderr.write.bind(stderr) as typeof write;
  try {
    return await work();
  } finally {
    stdout.write = write;
  }
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
