import type { Command } from 'commander';
import { addStoreOptions, type StoreOptions } from './ui/store-options.ts';

const RUN = 'run id or its beginning, or latest';

export function register(program: Command): void {
  const runs = program.command('runs').description('Shows and compares training runs.');

  addStoreOptions(runs.command('list').description('All runs, newest first.')).action(async (options: StoreOptions) =>
    (await import('./runs/list.ts')).listRuns(options),
  );
  addStoreOptions(
    runs
      .command('show')
      .description('One run: configuration, scores, candidates, usage and cost.')
      .argument('[run]', RUN, 'latest'),
  ).action(async (run: string, options: StoreOptions) => (await import('./runs/show.ts')).showRun(run, options));
  addStoreOptions(
    runs
      .command('compare')
      .description('Two runs by the validation tasks that both ended on, regressions first.')
      .argument('<from>', RUN)
      .argument('<to>', RUN),
  ).action(async (from: string, to: string, options: StoreOptions) =>
    (await import('./runs/compare.ts')).compareRuns(from, to, options),
  );
  addStoreOptions(
    runs
      .command('unlock')
      .description('Releases a run whose trainer is gone together with its machine.')
      .argument('<run>', RUN),
  ).action(async (run: string, options: StoreOptions) => (await import('./runs/unlock.ts')).unlockRun(run, options));
}
