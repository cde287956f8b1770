import { type Command, Option } from 'commander';
import { difficulties, list, number, share, wholeNumber } from './ui/values.ts';

/** `apo dataset`: look at tasks, split them, and make them out of a conversation history. */
export function register(program: Command): void {
  const dataset = program.command('dataset').description('Validates, describes, splits and imports tasks.');

  withSource(dataset.command('validate'))
    .description('Says which records are tasks, which are not and why. Exit code 3 when the dataset cannot be used.')
    .action(async (file, flags) => (await import('./dataset/validate.ts')).validate(file, flags));

  withSource(dataset.command('describe'))
    .description('Counts, difficulties, categories, lengths, duplicates.')
    .action(async (file, flags) => (await import('./dataset/describe.ts')).describe(file, flags));

  withSplit(withSource(dataset.command('split')))
    .description('Writes train.jsonl, val.jsonl and, if wanted, test.jsonl.')
    .requiredOption('--out <folder>', 'where to write')
    .action(async (file, flags) => (await import('./dataset/split.ts')).split(file, flags));

  withSource(dataset.command('import'))
    .description('Turns a conversation history (or any dataset) into a dataset file, one task a line.')
    .requiredOption('--out <file>', 'the dataset file to write (.jsonl)')
    .action(async (file, flags) => (await import('./dataset/import.ts')).importTasks(file, flags));
}

function withSource(command: Command): Command {
  return command
    .argument('[file]', 'dataset file (JSON, JSONL, YAML, CSV, also .gz)')
    .option('--dataset <file>', 'the same as the argument')
    .option('--history <file>', 'conversation history of an agent: an AGNO database or a table `conversations`')
    .addOption(new Option('--real-data-db <file>', 'alias of --history').hideHelp())
    .option('--history-source <name>', 'how to read the history, instead of detecting it')
    .option('--max-age-days <days>', 'leave out older conversations (default: 30 for a history)', number({ least: 0 }))
    .option(
      '--min-rating <rating>',
      'take tasks rated at least so, 0..1 or stars above 1',
      number({ least: 0, most: 5 }),
    )
    .option('--limit <count>', 'take at most so many tasks', wholeNumber({ least: 1 }))
    .option('--category <name>', 'take these categories only (repeat, or separate by commas)', list)
    .option('--difficulty <level>', 'take these difficulties only (repeat, or separate by commas)', difficulties)
    .option('--expect-observed', 'take recorded answers as expected ones, rated or not')
    .option('--skip-invalid', 'skip invalid records of a dataset, up to 5 %')
    .option('--json', 'print one JSON document');
}

function withSplit(command: Command): Command {
  return command
    .option('--val <share>', 'share of the validation side', share, 0.2)
    .option('--test <share>', 'share of a sealed test side', share, 0)
    .option('--seed <seed>', 'decides who goes where', wholeNumber({ least: 0 }), 0);
}
