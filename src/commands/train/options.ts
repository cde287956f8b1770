import { type Command, Option } from 'commander';
import { type ConfigInput, MAX_CONCURRENCY } from '../../config/schema.ts';
import { STRATEGIES, type Strategy } from '../../core/strategies.ts';
import { DIFFICULTIES, type Difficulty } from '../../core/task.ts';
import { ROLES } from '../../models/model.ts';
import { difficulties, list, number, oneOf, wholeNumber } from '../ui/values.ts';

/** What the flags of `apo train` and `apo check` parse to. Undefined means "not given": the config decides. */
export type TrainFlags = {
  readonly config?: string;
  readonly dataset?: string;
  readonly history?: string;
  readonly realDataDb?: string;
  readonly historySource?: string;
  readonly prompt?: string;
  readonly iterations?: number;
  readonly algorithm?: string;
  readonly strategy?: Strategy;
  readonly concurrency?: number;
  readonly agentModel?: string;
  readonly criticModel?: string;
  readonly editorModel?: string;
  readonly graderModel?: string;
  readonly grader?: string;
  readonly seed?: number;
  readonly maxRollouts?: number;
  readonly maxCalls?: number;
  readonly maxTokens?: number;
  readonly maxCost?: number;
  readonly maxMinutes?: number;
  readonly maxAgeDays?: number;
  readonly minRating?: number;
  readonly limit?: number;
  readonly category?: string[];
  readonly difficulty?: Difficulty[];
  readonly expectObserved?: boolean;
  readonly skipInvalid?: boolean;
  readonly testSplit?: number;
  readonly results?: string;
  readonly store?: string;
  readonly traceDir?: string;
  /** commander's form of --no-trace. */
  readonly trace?: boolean;
  readonly dryRun?: boolean;
  readonly scoreGap?: boolean;
  readonly resume?: string | true;
  readonly json?: boolean;
  readonly quiet?: boolean;
};

const count = wholeNumber({ least: 1 });
const positive = number({ above: 0 });

/** The flags that `apo train` and `apo check` share. Each is also read from APO_<NAME> in the environment. */
export function addTrainOptions(command: Command): Command {
  const add = <T>(flags: string, description: string, parse?: (value: string, previous?: T) => T): void => {
    const option = new Option(flags, description);
    if (parse !== undefined) option.argParser(parse);
    option.env(`APO_${option.name().replaceAll('-', '_').toUpperCase()}`);
    command.addOption(option);
  };
  add('--config <file>', 'config file (default: apo.yaml of this folder, if there is one)');
  add('--dataset <file>', 'tasks from a JSON, JSONL, YAML or CSV file');
  add('--history <file>', 'tasks from recorded conversations: an AGNO database or a table of conversations');
  add('--real-data-db <file>', 'the same as --history');
  add('--history-source <name>', 'kind of the history (default: detected)');
  add('--prompt <text|@file>', 'the starting prompt');
  add('--iterations <n>', 'rounds of the optimizer', count);
  add('--algorithm <name>', 'apo, beam, protegi, gepa, opro, demos');
  add(
    '--strategy <name>',
    'domain (a prompt per category), progressive (easy first) or components (each in turn)',
    oneOf(STRATEGIES),
  );
  add(
    '--concurrency <n>',
    'calls in flight, and rollouts to keep them busy (default 8)',
    wholeNumber({ least: 1, most: MAX_CONCURRENCY }),
  );
  add('--agent-model <name>', 'model of the agent');
  add('--critic-model <name>', 'model of the critic');
  add('--editor-model <name>', 'model of the editor');
  add('--grader-model <name>', 'model of the llm grader');
  add('--grader <name|file>', 'exact, contains, regex, number, json, llm, or ./my-grader.js');
  add('--seed <n>', 'seed of every random choice (default 0)', wholeNumber());
  add('--max-rollouts <n>', 'hard limit of rollouts', count);
  add('--max-calls <n>', 'hard limit of model calls', count);
  add('--max-tokens <n>', 'hard limit of tokens, input and output together', count);
  add('--max-cost <usd>', 'hard limit of cost in USD', positive);
  add('--max-minutes <n>', 'hard limit of wall time in minutes', positive);
  add('--max-age-days <n>', 'leave out turns of the history that are older (default 30)', positive);
  add('--min-rating <rating>', 'leave out turns that are rated lower (0..1, or stars above 1)', positive);
  add('--limit <n>', 'at most this many tasks', count);
  add('--category <name...>', 'only these categories (also separated by commas)', list);
  add('--difficulty <level...>', `only these: ${DIFFICULTIES.join(', ')}`, difficulties);
  add('--expect-observed', 'take recorded answers as expected ones even where nobody rated them');
  add('--skip-invalid', 'leave out invalid records of the dataset');
  add('--test-split <0..1>', 'share of a sealed test part, looked at once (default 0)', number({ least: 0, below: 1 }));
  add('--results <folder>', 'where results go (default: results)');
  add('--store <file>', 'the database (default: apo.db in the results folder)');
  add('--trace-dir <folder>', 'where trajectories go (default: trajectories in the results folder)');
  command.option('--no-trace', 'write no trajectories');
  return command;
}

/** Flags in the shape of the config file, to be laid over it. */
export function overridesOf(flags: TrainFlags): Partial<ConfigInput> {
  const models = Object.fromEntries(
    ROLES.flatMap((role) => {
      const model = flags[`${role}Model`];
      return model === undefined ? [] : [[role, { model }]];
    }),
  );
  return {
    dataset: flags.dataset,
    history: flags.history ?? flags.realDataDb,
    historySource: flags.historySource,
    prompt: flags.prompt,
    iterations: flags.iterations,
    algorithm: flags.algorithm,
    strategy: flags.strategy,
    concurrency: flags.concurrency,
    grader: flags.grader,
    seed: flags.seed,
    results: flags.results,
    store: flags.store,
    traceFolder: flags.traceDir,
    ...(flags.trace === false ? { trace: false } : {}),
    ...defined('models', models),
    ...defined('budget', {
      rollouts: flags.maxRollouts,
      calls: flags.maxCalls,
      tokens: flags.maxTokens,
      costUsd: flags.maxCost,
      minutes: flags.maxMinutes,
    }),
    ...defined('tasks', {
      maxAgeDays: flags.maxAgeDays,
      minRating: flags.minRating,
      limit: flags.limit,
      categories: flags.category,
      difficulties: flags.difficulty,
      expectObserved: flags.expectObserved,
      skipInvalid: flags.skipInvalid,
    }),
    ...defined('split', { test: flags.testSplit }),
  };
}

function defined(key: string, values: { readonly [name: string]: unknown }): object {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return given.length === 0 ? {} : { [key]: Object.fromEntries(given) };
}
