import { type Command, Option } from 'commander';
import { type Environment, loadEnvironment } from '../../config/environment.ts';
import { MAX_CONCURRENCY } from '../../config/limits.ts';
import type { ConfigInput } from '../../config/schema.ts';
import { ApoError } from '../../core/errors.ts';
import { STRATEGIES } from '../../core/strategies.ts';
import { DIFFICULTIES } from '../../core/task.ts';
import { difficulties, list, number, oneOf, wholeNumber } from '../ui/values.ts';

type Flag = {
  /** Value as `--help` shows it. A flag without one is a switch. */
  readonly takes?: string;
  readonly does: string;
  /** Default: the text as it is. */
  readonly parse?: (value: string, previous?: never) => unknown;
  /** Where the value stands in the configuration, of a flag that says what a run is: a resumed run refuses another one. */
  readonly fixed?: string;
  /** The same of a flag that may be given anew on resume, see `takeUp`. */
  readonly free?: string;
};

const count = wholeNumber({ least: 1 });
const positive = number({ above: 0 });

/** The flags that set the configuration, all that is known of each. Each is also read from APO_<NAME> in the environment. */
const FLAGS = {
  config: { takes: '<file>', does: 'config file (default: apo.yaml of this folder, if there is one)' },
  dataset: { takes: '<file>', does: 'tasks from a JSON, JSONL, YAML or CSV file', fixed: 'dataset' },
  history: {
    takes: '<file>',
    does: 'tasks from recorded conversations: an AGNO database or a table of conversations',
    fixed: 'history',
  },
  realDataDb: { takes: '<file>', does: 'the same as --history', fixed: 'history' },
  historySource: { takes: '<name>', does: 'kind of the history (default: detected)', fixed: 'historySource' },
  prompt: { takes: '<text|@file>', does: 'the starting prompt', fixed: 'prompt' },
  iterations: { takes: '<n>', does: 'rounds of the optimizer', parse: count, fixed: 'iterations' },
  algorithm: { takes: '<name>', does: 'apo, beam, protegi, gepa, opro, demos', fixed: 'algorithm.use' },
  strategy: {
    takes: '<name>',
    does: 'domain (a prompt per category), progressive (easy first) or components (each in turn)',
    parse: oneOf(STRATEGIES),
    fixed: 'strategy',
  },
  concurrency: {
    takes: '<n>',
    does: 'calls in flight, and rollouts to keep them busy (default 8)',
    parse: wholeNumber({ least: 1, most: MAX_CONCURRENCY }),
    free: 'concurrency',
  },
  agentModel: { takes: '<name>', does: 'model of the agent', fixed: 'models.agent.model' },
  criticModel: { takes: '<name>', does: 'model of the critic', fixed: 'models.critic.model' },
  editorModel: { takes: '<name>', does: 'model of the editor', fixed: 'models.editor.model' },
  graderModel: { takes: '<name>', does: 'model of the llm grader', fixed: 'models.grader.model' },
  grader: {
    takes: '<name|file>',
    does: 'exact, contains, regex, number, json, llm, or ./my-grader.js',
    fixed: 'grader.use',
  },
  seed: { takes: '<n>', does: 'seed of every random choice (default 0)', parse: wholeNumber(), fixed: 'seed' },
  maxRollouts: { takes: '<n>', does: 'hard limit of rollouts', parse: count, free: 'budget.rollouts' },
  maxCalls: {
    takes: '<n>',
    does: 'hard limit of model calls, each with its retries',
    parse: count,
    free: 'budget.calls',
  },
  maxTokens: {
    takes: '<n>',
    does: 'hard limit of tokens, input and output together',
    parse: count,
    free: 'budget.tokens',
  },
  maxCost: { takes: '<usd>', does: 'hard limit of cost in USD', parse: positive, free: 'budget.costUsd' },
  maxMinutes: { takes: '<n>', does: 'hard limit of wall time in minutes', parse: positive, free: 'budget.minutes' },
  maxAgeDays: {
    takes: '<n>',
    does: 'leave out turns of the history that are older (default 30)',
    parse: positive,
    fixed: 'tasks.maxAgeDays',
  },
  minRating: {
    takes: '<rating>',
    does: 'leave out turns that are rated lower (0..1, or stars above 1)',
    parse: positive,
    fixed: 'tasks.minRating',
  },
  limit: { takes: '<n>', does: 'at most this many tasks', parse: count, fixed: 'tasks.limit' },
  category: {
    takes: '<name...>',
    does: 'only these categories (also separated by commas)',
    parse: list,
    fixed: 'tasks.categories',
  },
  difficulty: {
    takes: '<level...>',
    does: `only these: ${DIFFICULTIES.join(', ')}`,
    parse: difficulties,
    fixed: 'tasks.difficulties',
  },
  expectObserved: {
    does: 'take recorded answers as expected ones even where nobody rated them',
    fixed: 'tasks.expectObserved',
  },
  skipInvalid: { does: 'leave out invalid records of the dataset', fixed: 'tasks.skipInvalid' },
  testSplit: {
    takes: '<0..1>',
    does: 'share of a sealed test part, looked at once (default 0)',
    parse: number({ least: 0, below: 1 }),
    fixed: 'split.test',
  },
  results: { takes: '<folder>', does: 'where results go (default: results)', free: 'results' },
  store: { takes: '<file>', does: 'the database (default: apo.db in the results folder)', free: 'store' },
  traceDir: {
    takes: '<folder>',
    does: 'where trajectories go (default: trajectories in the results folder)',
    free: 'traceFolder',
  },
} satisfies { readonly [name: string]: Flag };

type Value<F extends Flag> = F extends { readonly parse: (...given: never) => infer T }
  ? T
  : F extends { readonly takes: string }
    ? string
    : boolean;

/** What the flags of `apo train` and `apo check` parse to. Undefined means "not given": the config decides. */
export type TrainFlags = { readonly [name in keyof typeof FLAGS]?: Value<(typeof FLAGS)[name]> } & {
  /** commander's form of --no-trace. */
  readonly trace?: boolean;
  readonly dryRun?: boolean;
  readonly scoreGap?: boolean;
  readonly resume?: string | true;
  readonly json?: boolean;
  readonly quiet?: boolean;
};

/** The rows of the table. */
export const CONFIG_FLAGS = Object.entries(FLAGS) as readonly (readonly [name: keyof typeof FLAGS, flag: Flag])[];

/** As it is typed: `--max-age-days`. */
export function optionOf(name: keyof TrainFlags): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The variable of the environment that says the same. */
export function variableOf(name: keyof TrainFlags): string {
  return variableNamed(optionOf(name));
}

function variableNamed(option: string): string {
  return `APO_${option.slice('--'.length).replaceAll('-', '_').toUpperCase()}`;
}

/** The flags that `apo train` and `apo check` share. */
export function addTrainOptions(command: Command): Command {
  for (const [name, { takes, does, parse }] of CONFIG_FLAGS) {
    const option = new Option(takes === undefined ? optionOf(name) : `${optionOf(name)} ${takes}`, does);
    if (parse !== undefined) option.argParser(parse as (value: string) => unknown);
    // For commander a switch is on as soon as its variable is there, whatever it says.
    command.addOption(takes === undefined ? option : option.env(variableOf(name)));
  }
  return command
    .option('--no-trace', 'write no trajectories')
    .hook('preAction', (_program, given) => readEnvironment(given, loadEnvironment()));
}

/** Takes switches from the environment. Of a run that is resumed, variables decide no more than what may be given anew. */
function readEnvironment(command: Command, environment: Environment): void {
  const isResumed = command.getOptionValue('resume') !== undefined;
  for (const option of command.options) {
    const name = option.attributeName();
    const source = command.getOptionValueSource(name);
    const isSwitch = !option.required && !option.optional;
    const isFixed = CONFIG_FLAGS.some(([flag, { fixed }]) => flag === name && fixed !== undefined);
    if (isSwitch && (source === undefined || source === 'default') && !(isResumed && isFixed)) {
      const isOn = switchIn(environment, variableNamed(option.long ?? ''));
      if (isOn) command.setOptionValueWithSource(name, !option.negate, 'env');
    } else if (isResumed && isFixed && source === 'env') {
      command.setOptionValueWithSource(name, undefined, 'env');
    }
  }
}

function switchIn(environment: Environment, variable: string): boolean {
  const value = environment.get(variable);
  if (value === undefined || /^(?:0|false|no|off)$/i.test(value)) return false;
  if (/^(?:1|true|yes|on)$/i.test(value)) return true;
  throw new ApoError('usage', `${variable} is "${value}", which switches nothing on or off`, {
    hint: 'set it to 1 or 0',
  });
}

/** Flags in the shape of the config file, to be laid over it. */
export function overridesOf(given: TrainFlags): Partial<ConfigInput> {
  const overrides: { [key: string]: unknown } = given.trace === false ? { trace: false } : {};
  for (const [name, { fixed, free = fixed }] of CONFIG_FLAGS) {
    if (free !== undefined && given[name] !== undefined) setAt(overrides, free, given[name]);
  }
  return overrides;
}

/** Of two flags with one meaning the first wins. A plug-in that a flag names is that name, without a config's options. */
function setAt(target: { [key: string]: unknown }, path: string, value: unknown): void {
  const [key = '', ...rest] = path.replace(/\.use$/, '').split('.');
  if (rest.length === 0) {
    target[key] ??= value;
    return;
  }
  const inner = (target[key] ?? {}) as { [key: string]: unknown };
  target[key] = inner;
  setAt(inner, rest.join('.'), value);
}
