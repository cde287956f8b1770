import { assertTasks, scanTasks } from '../../datasets/tasks.ts';
import { createTaskWriter } from '../../datasets/write.ts';
import { printJson, printLines, printWarnings, scanJson, scanLines } from './print.ts';
import { refuseSource, type SourceFlags, withTaskSource } from './source.ts';

type ImportFlags = SourceFlags & { readonly out: string };

export async function importTasks(file: string | undefined, flags: ImportFlags): Promise<void> {
  await withTaskSource(file, flags, async ({ path, kind, options }) => {
    refuseSource(path, flags.out);
    const writer = createTaskWriter(flags.out);
    try {
      const scan = await scanTasks(options, writer.write);
      assertTasks(scan, options);
      writer.commit();
      if (flags.json === true) {
        printJson({ file: path, source: kind, out: flags.out, ...scanJson(scan) });
        return;
      }
      printLines([`${path} (${kind})`, ...scanLines(scan), `written   ${scan.counts.kept} tasks to ${flags.out}`]);
      printWarnings(scan.warnings);
    } finally {
      writer.abort();
    }
  });
}
