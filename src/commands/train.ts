import type { Command } from 'commander';
import { addTrainOptions, type TrainFlags } from './train/options.ts';

export function register(program: Command): void {
  addTrainOptions(
    program.command('train').description('train the prompt: roll out, grade, criticise, edit, repeat; keep the best'),
  )
    .option('--dry-run', 'prove the set-up without training (the same as apo check)')
    .option('--resume [run]', 'continue a run; the newest unfinished one when none is named')
    .option('--json', 'print one JSON object on stdout at the end, and nothing else there')
    .option('--quiet', 'no progress')
    .action(async (flags: TrainFlags) => {
      if (flags.dryRun === true) {
        const { check } = await import('./train/check.ts');
        return check(flags);
      }
      const { runTraining } = await import('./train/run.ts');
      return runTraining(flags);
    });
}
