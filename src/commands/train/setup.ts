import type { Agent } from '../../agents/agent.ts';
import { type Environment, loadEnvironment } from '../../config/environment.ts';
import { type LoadedConfig, loadConfig } from '../../config/load.ts';
import type { PluginSpec } from '../../config/plugin.ts';
import { redactionIn } from '../../config/redaction.ts';
import type { Config } from '../../config/schema.ts';
import { ApoError } from '../../core/errors.ts';
import { hashOf } from '../../core/json.ts';
import { createPrompt, type Prompt, promptText } from '../../core/prompt.ts';
import { createRandom } from '../../core/random.ts';
import type { Task } from '../../core/task.ts';
import { isOneOf, taskKeys } from '../../datasets/task-keys.ts';
import { DEFAULT_MAX_AGE_DAYS, type LoadedTasks, loadTasks } from '../../datasets/tasks.ts';
import type { Grader } from '../../graders/grader.ts';
import type { Forecast, Optimizer, OptimizerSize } from '../../optimizers/optimizer.ts';
import { loadPlugin, openHistory } from '../../plugins.ts';
import { storeIn } from '../ui/store-options.ts';
import { overridesOf, type TrainFlags } from './options.ts';
import { redactedAgent, redactedGrader } from './redacted.ts';
import { loadRoles, type Roles } from './roles.ts';

/** Everything a run is made of, loaded and checked, before anything is written or paid for. */
export type Setup = {
  readonly config: Config;
  /** Plug-in paths are relative to it. */
  readonly folder: string;
  readonly environment: Environment;
  readonly start: Prompt;
  readonly tasks: LoadedTasks;
  /** Hash over the tasks of each part: a resumed run must see the same ones. */
  readonly tasksHash: string;
  /** By which a resumed run finds its tasks among those that were added since; see `task-keys.ts`. */
  readonly taskKeys: string;
  readonly agent: Agent;
  readonly grader: Grader;
  readonly optimizer: Optimizer;
  readonly iterations: number;
  readonly roles: Roles;
  readonly simulated: boolean;
  readonly forecast: Forecast;
};

export function configOf(flags: TrainFlags): LoadedConfig {
  return loadConfig(flags.config, overridesOf(flags), process.cwd());
}

/** The database of a run. */
export function storePath(config: Config): string {
  return config.store ?? storeIn(config.results);
}

/**
 * `now` decides which turns of a history are too old; a resumed run passes the time of its first start, and the keys of its
 * tasks: a history that an agent goes on writing, or a dataset that grows, still holds the run's own.
 */
export async function setUp(config: Config, folder: string, now: number, keys?: string): Promise<Setup> {
  const environment = loadEnvironment();
  const context = { folder, environment };
  const redaction = redactionIn(environment);
  const start = createPrompt(config.prompt);
  // Cheap and most often wrong first; nothing here calls a model.
  const optimizer = await loadPlugin('optimizer', optimizerSpec(config), context);
  const grader = redactedGrader(await loadPlugin('grader', config.grader, context), redaction);
  const agentSpec = { ...config.agent, ...(config.tools === undefined ? {} : { tools: config.tools }) };
  const agent = redactedAgent(await loadPlugin('agent', agentSpec, context), redaction);
  const loaded = await load(config, now, context, keys);
  const sealed = sealedPart(loaded.split.test, config);
  const tasks = {
    ...loaded,
    split: { ...loaded.split, test: sealed.tasks },
    warnings: [...promptWarnings(start), ...loaded.warnings, ...sealed.warnings],
  };
  agent.validate(start, [...tasks.split.train, ...tasks.split.val, ...tasks.split.test]);
  if (grader.needsExpected) requireExpected(grader, tasks);
  requireGradable(grader, tasks);
  const roles = await loadRoles(config, { agent, grader }, context);
  const iterations = config.iterations ?? optimizer.defaultIterations;
  return {
    config,
    folder,
    environment,
    start,
    tasks,
    tasksHash: hashOf(
      [loaded.split.train, loaded.split.val, loaded.split.test].map((part) => part.map((task) => hashOf(task))),
    ),
    taskKeys: taskKeys(loaded.tasks),
    agent,
    grader,
    optimizer,
    iterations,
    roles,
    simulated: Object.values(roles).some(({ model }) => model.simulated),
    forecast: forecastOf(
      optimizer,
      {
        train: tasks.split.train.length,
        val: tasks.split.val.length,
        tasks: tasks.split.train,
        iterations,
        maxRollouts: config.budget.rollouts ?? Number.POSITIVE_INFINITY,
      },
      {
        sealed: 2 * tasks.split.test.length,
        calls: config.budget.calls ?? Number.POSITIVE_INFINITY,
        callsOfRollout: grader.usesModel ? 2 : 1,
      },
    ),
  };
}

/** Share of the rollouts that the sealed part may take at most: what it measures has to be trained before. */
const SEALED_SHARE = 1 / 3;

/**
 * The sealed tasks that the rollouts pay for, chosen by the seed; each is run with both prompts. A larger limit adds tasks
 * and drops none, so that a resumed run repeats nothing.
 */
function sealedPart(
  test: readonly Task[],
  { budget, seed }: Config,
): { readonly tasks: readonly Task[]; readonly warnings: readonly string[] } {
  const count = Math.floor(((budget.rollouts ?? Number.POSITIVE_INFINITY) * SEALED_SHARE) / 2);
  if (test.length <= count) return { tasks: test, warnings: [] };
  const warning = `${budget.rollouts} rollouts pay for a look at ${count} of the ${test.length} sealed test tasks: at most a third of them goes there`;
  return { tasks: createRandom('sealed', seed).shuffle(test).slice(0, count), warnings: [warning] };
}

/** The optimizer plans with the rollouts that the sealed part and a limit of calls leave. */
function forecastOf(
  optimizer: Optimizer,
  size: OptimizerSize,
  {
    sealed,
    calls,
    callsOfRollout,
  }: { readonly sealed: number; readonly calls: number; readonly callsOfRollout: number },
): Forecast {
  const within = (maxRollouts: number) => optimizer.forecast({ ...size, maxRollouts: Math.max(0, maxRollouts) });
  const free = within(size.maxRollouts - sealed);
  const wanted = free.rollouts * callsOfRollout + free.critiques + free.edits;
  const left = calls - sealed * callsOfRollout;
  const forecast = wanted > left ? within(Math.floor((free.rollouts * left) / wanted)) : free;
  const notes = [
    forecast.note,
    ...(forecast === free ? [] : [`${calls} calls end it`]),
    ...(sealed === 0 ? [] : [`${sealed} rollouts are kept for the sealed test tasks`]),
  ];
  const note = notes.filter((one) => one !== undefined).join('; ');
  return { ...forecast, rollouts: forecast.rollouts + sealed, ...(note === '' ? {} : { note }) };
}

/** Training may start from nothing, but an unset variable in `--prompt "$PROMPT"` is not to go unnoticed. */
function promptWarnings(start: Prompt): readonly string[] {
  return promptText(start).trim() === '' ? ['the starting prompt is empty: training starts from nothing'] : [];
}

function optimizerSpec({ algorithm, strategy }: Config): PluginSpec {
  return strategy === undefined ? algorithm : { use: strategy, of: algorithm };
}

async function load(
  config: Config,
  now: number,
  context: { readonly folder: string; readonly environment: Environment },
  keys: string | undefined,
): Promise<LoadedTasks> {
  if (config.dataset === undefined && config.history === undefined) {
    throw new ApoError('config-invalid', 'there are no tasks to train on', {
      hint: 'give --dataset FILE or --history FILE, or set dataset: or history: in the config',
    });
  }
  const { maxAgeDays = DEFAULT_MAX_AGE_DAYS, expectObserved } = config.tasks;
  const reading = { maxAgeDays, now, expectObserved };
  const history =
    config.history === undefined
      ? undefined
      : await openHistory(config.history, config.historySource, { ...context, ...reading });
  try {
    return await loadTasks({
      ...(config.dataset === undefined ? {} : { dataset: config.dataset }),
      ...(history === undefined ? {} : { history }),
      ...definedOnly(config.tasks),
      ...(keys === undefined ? {} : { only: isOneOf(keys) }),
      now,
      seed: config.seed,
      split: config.split,
    });
  } finally {
    history?.close();
  }
}

function definedOnly<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function requireGradable(grader: Grader, { split }: LoadedTasks): void {
  const all = [...split.train, ...split.val, ...split.test];
  const problems = all.flatMap((task) => {
    const problem = grader.problemOf?.(task);
    return problem === undefined ? [] : [`${task.id}: ${problem}`];
  });
  if (problems.length === 0) return;
  throw new ApoError(
    'dataset-invalid',
    `grader "${grader.name}" cannot grade ${problems.length} of ${all.length} tasks - first: ${problems[0]}`,
    { hint: 'correct their expected answers, or choose another --grader' },
  );
}

function requireExpected(grader: Grader, { split }: LoadedTasks): void {
  const all = [...split.train, ...split.val, ...split.test];
  const missing = all.filter((task) => task.expected === null);
  if (missing.length === 0) return;
  throw new ApoError(
    'dataset-invalid',
    `grader "${grader.name}" needs an expected answer, and ${missing.length} of ${all.length} tasks have none - first: ${missing[0]?.id}`,
    { hint: 'add expected answers, take recorded ones with --expect-observed, or use --grader llm' },
  );
}
