import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { loadEnvironment } from '../../config/environment.ts';
import type { Config } from '../../config/schema.ts';
import { ApoError } from '../../core/errors.ts';
import { createGate } from '../../core/gate.ts';
import type { JsonObject } from '../../core/json.ts';
import { createBudget } from '../../engine/budget.ts';
import { createCaller } from '../../engine/calls.ts';
import { createPrices } from '../../engine/prices.ts';
import { createStopSwitch } from '../../engine/stop.ts';
import { type TrainEnd, train } from '../../engine/train.ts';
import { systemClock } from '../../platform/clock.ts';
import { loadPlugin } from '../../plugins.ts';
import type { Owner, Run, Store } from '../../stores/store.ts';
import { createProgress, type Progress } from '../ui/progress.ts';
import type { TrainFlags } from './options.ts';
import { renderEnd, renderStart, resumeCommand } from './output.ts';
import { writeResults } from './results.ts';
import { configOf, type Setup, setUp, storePath } from './setup.ts';
import { stopOnSignals } from './signals.ts';

/** `apo train`: set up, train, write results; throws what stopped the run after everything is on disk. */
export async function runTraining(flags: TrainFlags): Promise<void> {
  const { setup, store, run } = flags.resume === undefined ? await begin(flags) : await resume(flags);
  const owner: Owner = { pid: process.pid, host: hostname() };
  try {
    await store.runs.claim(run.id, owner);
    try {
      const end = await trainRun(setup, store, run, flags);
      if (end.error !== undefined) throw withResume(end.error, end, run.id, setup.config);
    } finally {
      await store.runs.release(run.id, owner);
    }
  } finally {
    await store.close();
  }
}

/** What a run is started from, and resumed from: the resolved configuration, without secrets. */
type StoredConfig = {
  readonly config: Config;
  readonly folder: string;
  readonly startedAt: number;
  readonly tasksHash: string;
};

type Begun = { readonly setup: Setup; readonly store: Store; readonly run: Run };

async function begin(flags: TrainFlags): Promise<Begun> {
  const { config, folder } = configOf(flags);
  const startedAt = systemClock.epoch();
  const setup = await setUp(config, folder, startedAt);
  const store = await openStore(config);
  const createdAt = new Date(startedAt).toISOString();
  const stored: StoredConfig = { config, folder, startedAt, tasksHash: setup.tasksHash };
  const run: Run = {
    id: `run-${createdAt.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-${randomBytes(2).toString('hex')}`,
    status: 'running',
    reason: '',
    algorithm: setup.optimizer.name,
    seed: config.seed,
    config: stored as unknown as JsonObject,
    createdAt,
    updatedAt: createdAt,
    result: null,
  };
  await store.runs.create(run);
  return { setup, store, run };
}

/** Everything comes from the stored run; only limits, concurrency and places may be given anew. */
async function resume(flags: TrainFlags): Promise<Begun> {
  const given = configOf(flags).config;
  const store = await openStore(given, false);
  const run = await findRun(store, flags.resume === true ? undefined : flags.resume);
  const stored = run.config as unknown as StoredConfig;
  const config: Config = {
    ...stored.config,
    results: given.results,
    ...(given.store === undefined ? {} : { store: given.store }),
    concurrency: flags.concurrency ?? stored.config.concurrency,
    budget: {
      ...stored.config.budget,
      ...Object.fromEntries(Object.entries(given.budget).filter(([, limit]) => limit !== undefined)),
    },
  };
  const setup = await setUp(config, stored.folder, stored.startedAt);
  if (setup.tasksHash !== stored.tasksHash) {
    throw new ApoError('journal-mismatch', `the tasks of run ${run.id} have changed since it was started`, {
      hint: 'restore the dataset or history as it was, or start a new run',
    });
  }
  // Failures that stopped the run are tried again; everything that was used stays as it is.
  if (RETRIED.has(run.reason)) await store.journal.releaseFaults(run.id);
  await store.runs.update(run.id, {
    status: 'running',
    reason: '',
    updatedAt: new Date(systemClock.epoch()).toISOString(),
  });
  return { setup, store, run };
}

const RETRIED = new Set(['step-failed', 'provider-unavailable', 'provider-quota', 'provider-auth']);

async function findRun(store: Store, id: string | undefined): Promise<Run> {
  const run =
    id === undefined
      ? (await store.runs.list()).find(({ status }) => status !== 'completed')
      : await store.runs.get(id);
  if (run !== undefined) return run;
  throw new ApoError('not-found', id === undefined ? 'there is no unfinished run to resume' : `there is no run ${id}`, {
    hint: 'apo runs list shows the runs of this store; --store names another',
  });
}

function openStore(config: Config, create = true): Promise<Store> {
  return loadPlugin(
    'store',
    { use: 'sqlite', path: storePath(config), create },
    { folder: process.cwd(), environment: loadEnvironment() },
  );
}

async function trainRun(setup: Setup, store: Store, run: Run, flags: TrainFlags): Promise<TrainEnd> {
  const stop = createStopSwitch();
  const release = stopOnSignals(stop);
  const progress = createProgress({
    stream: process.stderr,
    quiet: flags.quiet === true,
    expectedRollouts: setup.forecast.rollouts,
    now: systemClock.now,
  });
  progress.say(renderStart(setup, run.id));
  try {
    const end = await train(await partsOf(setup, store, run, stop, progress));
    progress.close();
    const files = await writeResults(setup, store, run, end);
    const result = { ...end.result, files };
    process.stdout.write(
      flags.json === true ? `${JSON.stringify(result)}\n` : flags.quiet === true ? '' : renderEnd(result),
    );
    return { ...end, result };
  } finally {
    progress.close();
    release();
  }
}

async function partsOf(
  setup: Setup,
  store: Store,
  run: Run,
  stop: ReturnType<typeof createStopSwitch>,
  progress: Progress,
) {
  const { config, tasks } = setup;
  const { rollouts, calls, tokens, costUsd, minutes } = config.budget;
  const already = await store.journal.totals(run.id);
  const startedAt = systemClock.now();
  const budget = createBudget(
    {
      ...(rollouts === undefined ? {} : { rollouts }),
      ...(calls === undefined ? {} : { calls }),
      ...(tokens === undefined ? {} : { tokens }),
      ...(costUsd === undefined ? {} : { costMicroUsd: Math.floor(costUsd * 1e6) }),
      ...(minutes === undefined ? {} : { milliseconds: minutes * 60_000 }),
    },
    {
      calls: Object.values(already.calls).reduce((sum, count) => sum + count, 0),
      tokens: already.usage.input + already.usage.output,
      costMicroUsd: already.costMicroUsd,
    },
    () => systemClock.now() - startedAt,
  );
  const caller = createCaller({
    runId: run.id,
    journal: store.journal,
    roles: setup.roles,
    budget,
    prices: createPrices(config.prices),
    stop,
    clock: systemClock,
    random: Math.random,
    callTimeoutMs: config.timeouts.callSeconds * 1000,
    observer: { onCall: (_role, reply, replayed) => progress.onCall(reply, replayed) },
  });
  return {
    ...setup,
    runId: run.id,
    seed: config.seed,
    split: tasks.split,
    store,
    caller,
    provider: setup.roles.agent.model.provider,
    budget,
    stop,
    clock: systemClock,
    concurrency: config.concurrency,
    rolloutTimeoutMs: config.timeouts.rolloutSeconds * 1000,
    failureThreshold: config.failureThreshold,
    reject: createGate({
      start: setup.start,
      protectedTexts: config.protected,
      tasks: setup.optimizer.quotesTasks === true ? [] : tasks.split.train,
    }),
    observer: { onRollout: progress.onRollout, onIteration: progress.onIteration },
  };
}

/** A stopped run says as its last words how it goes on. */
function withResume(error: ApoError, { result }: TrainEnd, runId: string, config: Config): ApoError {
  if (result.status !== 'stopped') return error;
  const hint = error.hint === undefined ? '' : `${error.hint}: `;
  return new ApoError(error.code, error.message, { hint: `${hint}${resumeCommand(runId, config)}`, cause: error });
}
