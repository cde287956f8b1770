import { join } from 'node:path';
import { loadTasks } from '../../datasets/tasks.ts';
import { createTaskWriter } from '../../datasets/write.ts';
import { printJson, printLines, printWarnings, scanJson, scanLines } from './print.ts';
import { refuseSource, type SourceFlags, withTaskSource } from './source.ts';

type SplitFlags = SourceFlags & {
  readonly out: string;
  readonly val: number;
  readonly test: number;
  readonly seed: number;
};

export async function split(file: string | undefined, flags: SplitFlags): Promise<void> {
  await withTaskSource(file, flags, async ({ path, kind, options }) => {
    const { val, test, seed } = flags;
    const loaded = await loadTasks({ ...options, seed, split: { val, test } });
    const sides = (['train', 'val', 'test'] as const).filter((side) => side !== 'test' || test > 0);
    for (const side of sides) refuseSource(path, join(flags.out, `${side}.jsonl`));
    const files: { [side: string]: string } = {};
    for (const side of sides) {
      const target = join(flags.out, `${side}.jsonl`);
      const writer = createTaskWriter(target);
      try {
        for (const task of loaded.split[side]) writer.write(task);
        writer.commit();
      } finally {
        writer.abort();
      }
      files[side] = target;
    }
    if (flags.json === true) {
      const sizes = Object.fromEntries(sides.map((side) => [side, loaded.split[side].length]));
      printJson({ file: path, source: kind, ...scanJson(loaded), ...sizes, seed, files });
      return;
    }
    const written = sides.map((side) => `${side.padEnd(10)}${loaded.split[side].length} tasks in ${files[side]}`);
    printLines([...scanLines(loaded), ...written]);
    printWarnings(loaded.warnings);
  });
}
