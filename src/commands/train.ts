import type { Command } from 'commander';
import { ApoError } from '../core/errors.ts';
import { addTrainOptions, type TrainFlags } from './train/options.ts';
import { keepStdout } from './ui/output.ts';

export function register(program: Command): void {
  addTrainOptions(
    program.command('train').description('train the prompt: roll out, grade, criticise, edit, repeat; keep the best'),
  )
    .option('--dry-run', 'prove the set-up without training (the same as apo check)')
    .option('--resume [run]', 'continue a run; the newest unfinished one when none is named')
    .option('--json', 'print one JSON object on stdout at the end, and nothing else there')
    .option('--quiet', 'no progress, and of the result its first lines')
    .action(async (flags: TrainFlags) => {
      if (flags.dryRun === true && flags.resume !== undefined) {
        throw new ApoError('usage', '--dry-run proves the set-up of a new run, not of one to resume', {
          hint: 'leave one of --dry-run and --resume out',
        });
      }
      if (flags.dryRun === true) {
        const { check } = await import('./train/check.ts');
        return keepStdout(flags.json, () => check(flags));
      }
      const { runTraining } = await import('./train/run.ts');
      return keepStdout(flags.json, () => runTraining(flags));
    });
}
