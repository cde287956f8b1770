import type { Command } from 'commander';
import { DEFAULT_REDACTION, REDACTION_LEVELS, type RedactionLevel } from '../core/privacy/detector.ts';
import type { ArchiveFlags } from './trace/archive.ts';
import type { DeleteFlags } from './trace/delete.ts';
import type { FeedbackFlags } from './trace/feedback.ts';
import type { FilterFlags } from './trace/filter.ts';
import type { ShowFlags } from './trace/show.ts';
import { addStoreOptions, type StoreOptions } from './ui/store-options.ts';
import { days, number, oneOf, share, wholeNumber } from './ui/values.ts';

const TRACE = 'trace id or its beginning, or latest';

export function register(program: Command): void {
  const trace = program.command('trace').description('Shows, searches, imports, exports and deletes recorded traces.');

  addFilters(trace.command('list').description('Traces, newest first, grouped by session.'))
    .option('--limit <n>', 'traces on a page', wholeNumber({ least: 1, most: 100_000 }), 20)
    .option('--after <cursor>', 'next page: the cursor that the page before ended with')
    .action(async (flags: FilterFlags & { limit: number; after?: string }) =>
      (await import('./trace/list.ts')).listTraces(flags),
    );
  addStoreOptions(
    trace
      .command('show')
      .description('One trace as a conversation.')
      .argument('[id]', TRACE, 'latest')
      .option('--tree', 'its spans as a tree')
      .option('--waterfall', 'its spans on a time line')
      .option('--full', 'tool arguments and results in full'),
  ).action(async (id: string, flags: ShowFlags) => (await import('./trace/show.ts')).showTrace(id, flags));
  addFilters(trace.command('tail').description('Prints traces as they arrive, until it is stopped.')).action(
    async (flags: FilterFlags) => (await import('./trace/tail.ts')).tailTraces(flags),
  );
  addFilters(trace.command('stats').description('Counts, tokens, errors, models and tools.')).action(
    async (flags: FilterFlags) => (await import('./trace/stats.ts')).showStats(flags),
  );
  addFilters(trace.command('export').description('Full traces as JSON lines, nothing left out.'))
    .option('--out <file>', 'file to write (default: stdout)')
    .action(async (flags: FilterFlags & { out?: string }) => (await import('./trace/export.ts')).exportTraces(flags));
  addFilters(trace.command('redact').description('Looks for personal data and secrets in stored traces.'))
    .requiredOption('--check', 'report what is left; nothing is changed')
    .option(
      '--level <level>',
      '1 secrets, 2 also e-mail, phone, cards, ids, 3 also names and places',
      oneOf([1, 2, 3]),
      2,
    )
    .action(async (flags: FilterFlags & { level: RedactionLevel }) =>
      (await import('./trace/redact.ts')).checkTraces(flags),
    );
  addStoreOptions(
    trace
      .command('import')
      .description('Reads what JSONL sinks wrote into the store; what is there already stays as it is.')
      .argument('<files...>', 'span files, or folders of them'),
  ).action(async (files: string[], flags: StoreOptions) =>
    (await import('./trace/import.ts')).importTraces(files, flags),
  );
  addStoreOptions(
    trace
      .command('feedback')
      .description('Says what was good or wrong about a trace.')
      .argument('<id>', TRACE)
      .option('--thumbs <up|down>', 'good or bad')
      .option('--rating <1-5>', 'stars', number())
      .option('--comment <text>', 'anything')
      .option('--correction <text>', 'the answer that would have been right'),
  ).action(async (id: string, flags: FeedbackFlags) => (await import('./trace/feedback.ts')).giveFeedback(id, flags));
  addStoreOptions(
    trace
      .command('archive')
      .description('Moves old traces to Parquet files by date (cold storage), and removes what is older still.')
      .option('--older-than <days>', 'move traces that started before', days, 30)
      .option('--expire <days>', 'remove Parquet files of dates before', days, 365)
      .option('--to <folder>', 'cold storage (default: cold beside the store)')
      .option('--redact <level>', '0 to 4; what is moved is redacted', oneOf(REDACTION_LEVELS), DEFAULT_REDACTION),
  ).action(async (flags: ArchiveFlags) => (await import('./trace/archive.ts')).archiveTraces(flags));
  addStoreOptions(
    trace
      .command('delete')
      .description(
        'Deletes traces for good, from the free pages and the log of the store too; of a user or session also what training runs recorded of them: rollouts, journals, trajectories.',
      )
      .argument('[ids...]', 'trace ids')
      .option('--session <id>', 'all traces of this session')
      .option('--user <id>', 'all traces of this user, and those without a user in sessions that name nobody else')
      .option('--cold <folder>', 'cold storage to delete from too (default: cold beside the store)')
      .option('--jsonl <folders...>', 'folders of JSONL and trajectory sinks to delete from too')
      .option('--yes', 'do not ask'),
  ).action(async (ids: string[], flags: DeleteFlags) => (await import('./trace/delete.ts')).deleteTraces(ids, flags));
}

function addFilters(command: Command): Command {
  return addStoreOptions(command)
    .option('--session <id>', 'only this session')
    .option('--user <id>', 'only this user')
    .option('--model <name>', 'only traces that used this model')
    .option('--tool <name>', 'only traces that called this tool')
    .option('--status <ok|error>', 'error: at least one span failed')
    .option('--min-score <score>', 'scored at least this (0..1)', share)
    .option('--max-score <score>', 'scored at most this (0..1)', share)
    .option('--text <words>', 'all these words in one step of the trace')
    .option('--since <time>', 'started at or after: 2026-11-21, 2026-11-21T08:30:00Z, or 30m, 24h, 7d ago')
    .option('--until <time>', 'started at or before');
}
