import { isApoError, messageOf } from '../../core/errors.ts';
import { assertTasks, scanTasks } from '../../datasets/tasks.ts';
import { printJson, printLines, printWarnings, scanJson, scanLines } from './print.ts';
import { type SourceFlags, withTaskSource } from './source.ts';

export async function validate(file: string | undefined, flags: SourceFlags): Promise<void> {
  await withTaskSource(file, flags, async ({ path, kind, options }) => {
    const scan = await scanTasks(options, () => {}).catch((error) => {
      if (flags.json === true) printJson({ file: path, source: kind, valid: false, error: messageOf(error) });
      throw error;
    });
    const problem = problemOf(() => assertTasks(scan, options));
    if (flags.json === true) {
      printJson({ file: path, source: kind, valid: problem === undefined, ...scanJson(scan) });
    } else {
      printLines([`${path} (${kind})`, ...scanLines(scan)]);
      printWarnings(scan.warnings);
    }
    if (problem !== undefined) throw problem;
    if (flags.json !== true) printLines(['valid']);
  });
}

function problemOf(check: () => void): unknown {
  try {
    check();
    return undefined;
  } catch (error) {
    if (isApoError(error)) return error;
    throw error;
  }
}
