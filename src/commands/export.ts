import type { Command } from 'commander';
import { DEFAULT_REDACTION, REDACTION_LEVELS } from '../core/privacy/detector.ts';
import type { ExportFlags, Verb } from './export/options.ts';
import { addStoreOptions } from './ui/store-options.ts';
import { number, oneOf, share, wholeNumber } from './ui/values.ts';

const VERBS: { readonly [verb in Verb]: string } = {
  sft: 'conversations to learn from (openai; trl, sharegpt, hermes, verl)',
  dpo: 'pairs of a better and a worse answer (openai; trl, sharegpt)',
  kto: 'answers labelled good or bad (trl; sharegpt)',
  rft: 'prompts with reference answers (openai; trl, verl), or rewards for each step (transitions)',
  sharegpt: 'conversations for LLaMA-Factory, with its dataset_info.json entry (sharegpt; hermes)',
  csv: 'one line for each conversation, for a spreadsheet (csv)',
};

export function register(program: Command): void {
  const command = program
    .command('export')
    .description('Writes training data: rollouts of a run, production traces, history or a dataset.');
  for (const [verb, description] of Object.entries(VERBS)) {
    const subcommand = addSource(command.command(verb).description(`Exports ${description}.`))
      .option('--format <name>', 'file format; the first one named above is the default. ./my-format.js for your own')
      .option('--thinking <mode>', 'drop (default), field (a key of its own) or tag (<think> before the text)')
      .option('--strings', 'tool arguments and tools as JSON strings (trl, transitions)')
      .option(
        '--split <share>',
        'share for validation, by session and user, in a second file OUT.val',
        number({ above: 0, below: 1 }),
      )
      .option(
        '--good-score <score>',
        'from which score on an answer is good: kto labels, rft references (default 0.5)',
        share,
      )
      .option('--margin <score>', 'least difference of scores in a pair (default 0.2)', share)
      .option(
        '--max-tokens <number>',
        'longest conversation, estimated at 4 characters a token (default 65536)',
        wholeNumber({ least: 1 }),
      )
      .action(async (flags: ExportFlags) => (await import('./export/run.ts')).exportData(verb as Verb, flags));
    if (verb === 'sft' || verb === 'sharegpt') {
      subcommand.option(
        '--longest',
        'of the turns of a session only the conversations that no longer one begins with. Without it each turn is a sample: right where earlier replies have weight 0 (openai); elsewhere they are learned again in every later turn, unless the trainer masks them (LLaMA-Factory: mask_history)',
      );
    }
  }
  addSource(
    command
      .command('regressions')
      .description('Groups failed and low-scored rollouts by what went wrong and writes their tasks as a dataset.'),
  ).action(async (flags: ExportFlags) => (await import('./export/regressions.ts')).exportRegressions(flags));
}

function addSource(command: Command): Command {
  return addStoreOptions(command)
    .requiredOption('--out <file>', 'file to write; its ending chooses between .jsonl, .json, .csv and .parquet')
    .option('--run <run>', 'rollouts of this training run: id, its beginning, or latest (the default)')
    .option('--session <id>', 'production traces of this session; all for every session')
    .option('--history <file>', 'recorded conversations; with --run, the tasks that the run was trained on')
    .option('--history-source <name>', 'how to read --history (default: found out from the file)')
    .option('--dataset <file>', 'tasks with answers; with --run, the tasks that the run was trained on')
    .option('--min-score <score>', 'leave out what scored less (0..1), and what nobody scored', share)
    .option('--max-score <score>', 'leave out what scored more (0..1), and what nobody scored', share)
    .option(
      '--redact <level>',
      '0 nothing, 1 keys and passwords, 2 also e-mail, phone, cards, ids, 3 also names and places as far as a heuristic finds them, 4 all content',
      oneOf(REDACTION_LEVELS),
      DEFAULT_REDACTION,
    )
    .option('--detector <file>', 'module with your own detector of sensitive text, used from level 1 on');
}
