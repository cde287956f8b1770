import { isApoError, messageOf } from '../../core/errors.ts';
import { createDescription } from '../../datasets/describe.ts';
import { sizeWarnings } from '../../datasets/split.ts';
import { assertTasks, scanTasks } from '../../datasets/tasks.ts';
import { printJson, printLines, printWarnings, scanJson, scanLines } from './print.ts';
import { type SourceFlags, withTaskSource } from './source.ts';

export async function validate(file: string | undefined, flags: SourceFlags): Promise<void> {
  await withTaskSource(file, flags, async ({ path, kind, options }) => {
    const description = createDescription();
    const scan = await scanTasks(options, description.add).catch((error) => {
      if (flags.json === true) printJson({ file: path, source: kind, valid: false, error: messageOf(error) });
      throw error;
    });
    const problem = problemOf(() => assertTasks(scan, options));
    const { metadata, warnings: found, tasks, withExpected } = description.result();
    const warnings = [
      ...scan.warnings,
      ...found,
      ...answerWarnings(tasks - withExpected.count, tasks),
      ...splitWarnings(tasks),
    ];
    if (flags.json === true) {
      printJson({ file: path, source: kind, valid: problem === undefined, ...scanJson(scan), metadata, warnings });
    } else {
      const keys = Object.entries(metadata).map(([key, count]) => `${key} (${count})`);
      const kept =
        keys.length === 0
          ? []
          : [`metadata  ${keys.slice(0, SHOWN_KEYS).join(', ')}${keys.length > SHOWN_KEYS ? ', ...' : ''}`];
      printLines([`${path} (${kind})`, ...scanLines(scan), ...kept]);
      if (problem === undefined) printWarnings(warnings);
    }
    if (problem !== undefined) throw problem;
    if (flags.json !== true) printLines(['valid']);
  });
}

const SHOWN_KEYS = 20;

function answerWarnings(missing: number, tasks: number): readonly string[] {
  return missing === 0
    ? []
    : [
        `${missing} of ${tasks} tasks have no expected answer: only graders that need none (llm, a pattern, a schema, your own) can grade them`,
      ];
}

/** What the default split makes of so many tasks; conversations that stay together may leave it fewer. */
function splitWarnings(tasks: number): readonly string[] {
  if (tasks === 0) return [];
  if (tasks === 1)
    return [
      '1 task cannot be split into train and val: apo train needs at least 2, for a result that means something 70',
    ];
  const val = Math.max(1, Math.round(tasks * 0.2));
  return sizeWarnings(tasks - val, val);
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
