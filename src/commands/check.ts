import type { Command } from 'commander';
import { addTrainOptions, type TrainFlags } from './train/options.ts';
import { keepStdout } from './ui/output.ts';

export function register(program: Command): void {
  addTrainOptions(
    program
      .command('check')
      .description('prove the set-up before money is spent: config, keys, models, tasks, grader, store'),
  )
    .option('--score-gap', 'try some 100 injection payloads on a grader that asks a model: as many calls')
    .option('--json', 'print one JSON object on stdout')
    .action(async (flags: TrainFlags) => {
      const { check } = await import('./train/check.ts');
      return keepStdout(flags.json, () => check(flags));
    });
}
