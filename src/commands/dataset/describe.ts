import { DIFFICULTIES } from '../../core/task.ts';
import { createDescription, type Description } from '../../datasets/describe.ts';
import { assertTasks, scanTasks } from '../../datasets/tasks.ts';
import { printJson, printLines, printWarnings, scanJson, scanLines } from './print.ts';
import { type SourceFlags, withTaskSource } from './source.ts';

export async function describe(file: string | undefined, flags: SourceFlags): Promise<void> {
  await withTaskSource(file, flags, async ({ path, kind, options }) => {
    const description = createDescription();
    const scan = await scanTasks(options, description.add);
    assertTasks(scan, { ...options, skipInvalid: true });
    const result = description.result();
    const warnings = [...scan.warnings, ...result.warnings];
    if (flags.json === true) {
      printJson({ file: path, source: kind, ...scanJson(scan), ...result, warnings });
      return;
    }
    printLines([`${path} (${kind})`, ...scanLines(scan), ...descriptionLines(result)]);
    printWarnings(warnings);
  });
}

const SHOWN_CATEGORIES = 15;

function descriptionLines(result: Description): readonly string[] {
  const percent = (share: number): string => `${Math.round(share * 100)} %`;
  const part = (name: string, { count, share }: { count: number; share: number }): string =>
    `${name.padEnd(20)}${String(count).padStart(8)}  ${percent(share)}`;
  const categories = Object.entries(result.categories);
  return [
    '',
    part('expected answer', result.withExpected),
    part('observed answer', result.withObserved),
    part('with context', result.withContext),
    part('with tool calls', result.withToolCalls),
    part('rated', result.rated) + (result.rated.mean === null ? '' : `, mean ${result.rated.mean}`),
    `${'ended in an error'.padEnd(20)}${String(result.failed).padStart(8)}`,
    `${'conversations'.padEnd(20)}${String(result.conversations).padStart(8)}`,
    `${'near duplicates'.padEnd(20)}${String(result.nearDuplicates).padStart(8)}`,
    '',
    ...[...DIFFICULTIES, 'unknown' as const].map((name) => {
      const advice = name === 'unknown' ? '' : `  (advice ${percent(result.difficulty[name].advised)})`;
      return part(name, result.difficulty[name]) + advice;
    }),
    '',
    ...categories.slice(0, SHOWN_CATEGORIES).map(([name, count]) => part(name, { count, share: count / result.tasks })),
    ...(categories.length > SHOWN_CATEGORIES
      ? [`... and ${categories.length - SHOWN_CATEGORIES} more categories`]
      : []),
    '',
    ...(['inputLength', 'contextLength', 'expectedLength'] as const).map((name) => {
      const { min, median, p95, max } = result[name];
      return `${name.replace('Length', ' characters').padEnd(20)} min ${min}, median ${median}, 95 % ${p95}, max ${max}`;
    }),
  ];
}
