import { vi } from 'vitest';
import { run as runProgram } from '../../src/commands/program.ts';

/** A command line without a process of its own, with what it wrote. */
export async function inProcess(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const written = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      written[stream] += text;
      return true;
    }),
  );
  try {
    return { code: await runProgram(['node', 'apo', ...args]), ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
