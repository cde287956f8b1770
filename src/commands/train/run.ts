import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { loadEnvironment } from '../../config/environment.ts';
import type { Config } from '../../config/schema.ts';
import { withoutSecrets, withSecrets } from '../../config/secrets.ts';
import { isoNow } from '../../core/clock.ts';
import { ApoError, isApoError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import { createPrices } from '../../engine/prices.ts';
import { createStopSwitch, type StopSwitch } from '../../engine/stop.ts';
import { type TrainEnd, train } from '../../engine/train.ts';
import { ROLES } from '../../models/model.ts';
import { systemClock } from '../../platform/clock.ts';
import { loadPlugin } from '../../plugins.ts';
import type { Owner, Run, Store } from '../../stores/store.ts';
import { createOtlpExporter } from '../../traces/sinks/otlp.ts';
import { createRolloutPublisher, type RolloutPublisher } from '../../traces/training.ts';
import { createProgress } from '../ui/progress.ts';
import { prepareFolders } from './folders.ts';
import type { TrainFlags } from './options.ts';
import { renderEnd, renderStart, renderSummary, resumeCommand } from './output.ts';
import { partsOf } from './parts.ts';
import { writeResults } from './results.ts';
import { refuseOtherFlags } from './resume-flags.ts';
import { configOf, type Setup, setUp, storePath } from './setup.ts';
import { stopOnSignals } from './signals.ts';

/** `apo train`: set up, train, write results; throws what stopped the run after everything is on disk. */
export async function runTraining(flags: TrainFlags): Promise<void> {
  const { setup, store, run } = flags.resume === undefined ? await begin(flags) : await resume(flags);
  try {
    const end = await trainRun(setup, store, run, flags);
    if (end.error !== undefined) throw withResume(end.error, end, run.id, setup.config);
  } catch (error) {
    throw await asStopped(error, store, run, setup.config);
  } finally {
    await leave(store, run);
  }
}

/** What a run is started from, and resumed from: the resolved configuration, without secrets. */
type StoredConfig = {
  readonly config: Config;
  readonly folder: string;
  /** The config file, which a resumed run takes the secrets from; null without one. */
  readonly path: string | null;
  readonly startedAt: number;
  readonly tasksHash: string;
  /** Rollouts that had been made when the run was last resumed with another rollout limit. */
  readonly paidRollouts?: number;
};

type Begun = { readonly setup: Setup; readonly store: Store; readonly run: Run };

function thisProcess(): Owner {
  return { pid: process.pid, host: hostname() };
}

/** Whatever the disk does: what is stored is stored, and a claim ends with its process. */
async function leave(store: Store, run: Run): Promise<void> {
  try {
    await store.runs.release(run.id, thisProcess());
  } catch {
    // The error that ended the run says more than this one.
  }
  await store.close();
}

async function begin(flags: TrainFlags): Promise<Begun> {
  const { config, folder, path = null } = configOf(flags);
  const startedAt = systemClock.epoch();
  const setup = await setUp(config, folder, startedAt);
  requirePrices(setup);
  prepareFolders(config);
  const store = await openStore(config);
  try {
    const createdAt = new Date(startedAt).toISOString();
    const safe = withoutSecrets(config as unknown as JsonObject) as unknown as Config;
    const stored: StoredConfig = { config: safe, folder, path, startedAt, tasksHash: setup.tasksHash };
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
    await store.runs.claim(run.id, thisProcess());
    return { setup, store, run };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Everything comes from the stored run; only limits, concurrency and places may be given anew. */
async function resume(flags: TrainFlags): Promise<Begun> {
  const given = configOf(flags).config;
  const store = await openStore(given, false);
  try {
    const run = await findRun(store, flags.resume === true ? undefined : flags.resume);
    // First of all: nothing of a run that another process is training may change.
    await store.runs.claim(run.id, thisProcess());
    return await takeUp(store, run, flags, given);
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function takeUp(store: Store, run: Run, flags: TrainFlags, given: Config): Promise<Begun> {
  const stored = run.config as unknown as StoredConfig;
  const complete = withSecrets(stored.config as unknown as JsonObject, secretsOf(stored, flags, given));
  const original = complete as unknown as Config;
  refuseOtherFlags(flags, given, run.id, original);
  const config: Config = {
    ...original,
    results: given.results,
    ...(given.store === undefined ? {} : { store: given.store }),
    ...(given.traceFolder === undefined ? {} : { traceFolder: given.traceFolder }),
    ...(flags.trace === false ? { trace: false } : {}),
    concurrency: flags.concurrency ?? original.concurrency,
    budget: {
      ...original.budget,
      ...Object.fromEntries(Object.entries(given.budget).filter(([, limit]) => limit !== undefined)),
    },
  };
  const setup = await setUp(config, stored.folder, stored.startedAt);
  requirePrices(setup);
  prepareFolders(config);
  if (setup.tasksHash !== stored.tasksHash) {
    throw new ApoError('journal-mismatch', `the tasks of run ${run.id} have changed since it was started`, {
      hint: 'restore the dataset or history as it was, or start a new run',
    });
  }
  const isReplanned = config.budget.rollouts !== original.budget.rollouts;
  const now: StoredConfig = {
    ...stored,
    config: { ...stored.config, budget: config.budget },
    ...(isReplanned ? { paidRollouts: (await store.rollouts.scores({ runId: run.id })).length } : {}),
  };
  // Failures that stopped the run are tried again; everything that was used stays as it is.
  if (RETRIED.has(run.reason)) await store.journal.releaseFaults(run.id);
  await store.runs.update(run.id, {
    status: 'running',
    reason: '',
    config: now as unknown as JsonObject,
    updatedAt: isoNow(systemClock),
  });
  return { setup, store, run: { ...run, config: now as unknown as JsonObject } };
}

/** From the config file that is given now, else from the one that the run was started with. */
function secretsOf({ path }: StoredConfig, flags: TrainFlags, given: Config): JsonObject {
  const source =
    flags.config !== undefined || path === null || path === undefined || !existsSync(path)
      ? given
      : configOf({ ...flags, config: path }).config;
  return source as unknown as JsonObject;
}

/** @throws ApoError `config-invalid` before anything is sent: a limit in USD means nothing where a price is missing. */
function requirePrices({ config, roles, grader }: Setup): void {
  if (config.budget.costUsd === undefined) return;
  const prices = createPrices(config.prices);
  for (const role of ROLES) {
    const { name, model } = roles[role];
    if ((role === 'grader' && !grader.usesModel) || prices.reserve(name, 1, 1, model) !== null) continue;
    throw new ApoError(
      'config-invalid',
      `--max-cost needs the price of the ${role} model "${name}", which is unknown`,
      {
        hint: `set prices: { ${name}: { input: USD per million tokens, output: ... } } in the config, or limit --max-calls or --max-tokens instead`,
      },
    );
  }
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
  const release = stopOnSignals(stop, resumeCommand(run.id, setup.config));
  const timer = stopAtTimeLimit(stop, setup.config);
  const progress = createProgress({
    stream: process.stderr,
    limiters: ROLES.map((role) => setup.roles[role].limiter),
    quiet: flags.quiet === true,
    expectedRollouts: setup.forecast.rollouts,
    now: systemClock.now,
  });
  progress.say(renderStart(setup, run.id));
  try {
    const publisher = setup.config.trace ? publisherOf(setup, store) : undefined;
    const end = await train(await partsOf(setup, store, run, stop, progress, publisher));
    const files = await orTell(end, flags, async () => {
      const sinks = (await publisher?.close())?.sinks ?? [];
      progress.close();
      const dropped = sinks.reduce((sum, sink) => sum + sink.dropped.overflow + sink.dropped.refused, 0);
      if (dropped > 0) process.stderr.write(`warning: ${dropped} spans did not reach the OpenTelemetry endpoint\n`);
      return writeResults(setup, store, run, end, progress.rateLimits());
    });
    const result = { ...end.result, files };
    // Of a run that ended before its first rollout there is only its error to tell.
    if (flags.json === true) process.stdout.write(`${JSON.stringify(result)}\n`);
    else if (end.error === undefined || result.usage.rollouts > 0)
      process.stdout.write(flags.quiet === true ? renderSummary(result) : renderEnd(result));
    return { ...end, result };
  } finally {
    progress.close();
    clearTimeout(timer);
    release();
  }
}

function publisherOf({ environment }: Setup, store: Store): RolloutPublisher {
  return createRolloutPublisher({ store: store.traces, exporter: createOtlpExporter({ environment }) });
}

/** A program that reads stdout gets its JSON object even when the disk takes no results: then the run has stopped. */
async function orTell<T>({ result }: TrainEnd, { json }: TrainFlags, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (json === true && isApoError(error) && DISK_FAULTS.has(error.code)) {
      process.stdout.write(`${JSON.stringify({ ...result, status: 'stopped', reason: error.code })}\n`);
    }
    throw error;
  }
}

/** The budget refuses calls after the limit; this also ends waits for a provider. */
function stopAtTimeLimit(stop: StopSwitch, { budget: { minutes } }: Config): NodeJS.Timeout | undefined {
  // Longer than a timer can be is longer than anybody waits.
  if (minutes === undefined || minutes * 60_000 > 2 ** 31 - 1) return undefined;
  const reached = new ApoError('budget-reached', `budget of ${minutes} minutes is reached`, {
    hint: 'resume with a larger --max-minutes',
  });
  return setTimeout(() => stop.request(reached), minutes * 60_000);
}

/** A stopped run says as its last words how it goes on. */
function withResume(error: ApoError, { result }: TrainEnd, runId: string, config: Config): ApoError {
  return result.status === 'stopped' ? withCommand(error, runId, config) : error;
}

function withCommand(error: ApoError, runId: string, config: Config): ApoError {
  const hint = error.hint === undefined ? '' : `${error.hint}: `;
  return new ApoError(error.code, error.message, { hint: `${hint}${resumeCommand(runId, config)}`, cause: error });
}

/** A disk that fails while results are written leaves a run that goes on when the disk does. */
async function asStopped(error: unknown, store: Store, run: Run, config: Config): Promise<unknown> {
  if (!isApoError(error) || !DISK_FAULTS.has(error.code) || error.hint?.includes('--resume') === true) return error;
  try {
    await store.runs.update(run.id, { status: 'stopped', reason: error.code, updatedAt: isoNow(systemClock) });
  } catch {
    // Then it stays "running" without a trainer, which is resumed as well.
  }
  return withCommand(error, run.id, config);
}

const DISK_FAULTS = new Set(['store-write', 'file-write']);
