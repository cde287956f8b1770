import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, resolve, sep } from 'node:path';
import { loadEnvironment } from '../../config/environment.ts';
import type { Config, ConfigInput } from '../../config/schema.ts';
import { withoutSecrets, withSecrets } from '../../config/secrets.ts';
import { isoNow } from '../../core/clock.ts';
import { ApoError, isApoError, stopOf } from '../../core/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import { createPrices } from '../../engine/prices.ts';
import { ROLES } from '../../models/model.ts';
import { systemClock } from '../../platform/clock.ts';
import { loadPlugin } from '../../plugins.ts';
import type { Owner, Run, Store } from '../../stores/store.ts';
import { prepareFolders } from './folders.ts';
import { overridesOf, type TrainFlags } from './options.ts';
import { refuseOtherFlags } from './resume-flags.ts';
import { isAsked } from './roles.ts';
import { configOf, type Setup, setUp, storePath } from './setup.ts';

/** What a source says that no longer holds the tasks of a run. */
const LOST_TASKS = new Set(['dataset-invalid', 'dataset-empty', 'history-invalid']);

/** What a run is started from, and resumed from: the resolved configuration, without secrets. */
type StoredConfig = {
  readonly config: Config;
  readonly folder: string;
  /** The config file, which a resumed run takes the secrets from; null without one. */
  readonly path: string | null;
  readonly startedAt: number;
  readonly tasksHash: string;
  /** Limits that flags gave: they win over the config file when the run is resumed too. Absent in runs of earlier builds. */
  readonly limits?: Limits;
  /** Absent in runs of earlier builds. */
  readonly taskKeys?: string;
  /** Rollouts that had been made when the run was last resumed with another rollout limit, or with failed calls sent again. */
  readonly paidRollouts?: number;
  /** How often the run was resumed after a step failed: replies that were no verdicts are then asked for again. */
  readonly regrades?: number;
};

type Limits = ConfigInput['budget'];

/** A run that this process has claimed. */
type Begun = { readonly setup: Setup; readonly store: Store; readonly run: Run };

function thisProcess(): Owner {
  return { pid: process.pid, host: hostname() };
}

/** A new run: set up, checked and claimed before anything is paid for. */
export async function begin(flags: TrainFlags): Promise<Begun> {
  const { config, folder, path = null } = configOf(flags);
  const startedAt = systemClock.epoch();
  const setup = await setUp(config, folder, startedAt);
  requirePrices(setup);
  prepareFolders(config);
  const store = await openStore(config);
  try {
    const createdAt = new Date(startedAt).toISOString();
    const safe = withoutSecrets(config as unknown as JsonObject) as unknown as Config;
    const { tasksHash, taskKeys } = setup;
    const limits = overridesOf(flags).budget ?? {};
    const stored: StoredConfig = { config: safe, folder, path, startedAt, limits, tasksHash, taskKeys };
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

/** An earlier run: everything comes from what is stored of it; only limits, concurrency and places may be given anew. */
export async function resume(flags: TrainFlags): Promise<Begun> {
  const { config: given, folder } = configOf(flags);
  const store = await openStore(given, false);
  try {
    const run = await findRun(store, flags.resume === true ? undefined : flags.resume);
    // First of all: nothing of a run that another process is training may change.
    await store.runs.claim(run.id, thisProcess());
    return await takeUp(store, { ...run, config: relocated(run.config, folder) }, flags, given);
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Ends the claim. Whatever the disk does: what is stored is stored, and a claim ends with its process. */
export async function leave(store: Store, run: Run): Promise<void> {
  try {
    await store.runs.release(run.id, thisProcess());
  } catch {
    // The error that ended the run says more than this one.
  }
  await store.close();
}

/** The files of the config that move with its folder; an agent's path is part of what its rollouts are known by. */
const MOVED = ['dataset', 'history', 'grader', 'tools', 'store', 'traceFolder'];

/** A run whose folder was moved, or copied to another machine, finds its files where its config is now. */
function relocated(stored: JsonObject, here: string): JsonObject {
  const { folder: before, path, config } = stored as unknown as StoredConfig;
  if (before === here || existsSync(before)) return stored;
  const move = (value: Json): Json => {
    if (typeof value === 'string') return value.startsWith(before + sep) ? here + value.slice(before.length) : value;
    if (Array.isArray(value)) return value.map(move);
    return isJsonObject(value)
      ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, move(one)]))
      : value;
  };
  const entries = Object.entries(config as unknown as JsonObject);
  const moved = Object.fromEntries(entries.map(([key, value]) => [key, MOVED.includes(key) ? move(value) : value]));
  return { ...stored, config: moved, folder: here, path: move(path) };
}

async function takeUp(store: Store, run: Run, flags: TrainFlags, given: Config): Promise<Begun> {
  const stored = run.config as unknown as StoredConfig;
  const file = fileOf(stored, flags, given);
  const complete = withSecrets(stored.config as unknown as JsonObject, file as unknown as JsonObject);
  const original = complete as unknown as Config;
  refuseOtherFlags(flags, given, run.id, original);
  const limits: Limits = { ...stored.limits, ...overridesOf(flags).budget };
  const config: Config = {
    ...original,
    results: resultsOf(flags, given, original),
    ...(given.store === undefined ? {} : { store: given.store }),
    ...(given.traceFolder === undefined ? {} : { traceFolder: given.traceFolder }),
    ...(flags.trace === false ? { trace: false } : {}),
    concurrency: flags.concurrency ?? original.concurrency,
    budget: {
      ...original.budget,
      ...Object.fromEntries(Object.entries({ ...file.budget, ...limits }).filter(([, limit]) => limit !== undefined)),
    },
  };
  const setup = await setUpAgain(run, config);
  requirePrices(setup);
  prepareFolders(config);
  // Failed calls that stopped the run failed for a reason that passes: they are sent again. What was used stays as it is.
  const released = stopOf(run.reason) === 'calls' ? await store.journal.releaseFaults(run.id) : 0;
  // Other replies may lead elsewhere: what was rolled out on the way that is left counts as well.
  const isRegraded = run.reason === 'step-failed';
  const isReplanned = released > 0 || isRegraded || config.budget.rollouts !== original.budget.rollouts;
  const now: StoredConfig = {
    ...stored,
    ...(isRegraded ? { regrades: (stored.regrades ?? 0) + 1 } : {}),
    config: { ...stored.config, budget: config.budget },
    limits,
    ...(isReplanned ? { paidRollouts: (await store.rollouts.scores({ runId: run.id })).length } : {}),
  };
  await store.runs.update(run.id, {
    status: 'running',
    reason: '',
    config: now as unknown as JsonObject,
    updatedAt: isoNow(systemClock),
  });
  return { setup, store, run: { ...run, config: now as unknown as JsonObject } };
}

/** @throws ApoError `journal-mismatch` when the run's tasks are no longer what they were; others may have come. */
async function setUpAgain(run: Run, config: Config): Promise<Setup> {
  const { folder, startedAt, taskKeys, tasksHash } = run.config as unknown as StoredConfig;
  const hint = 'restore the dataset or history as it was, or start a new run';
  let lost = new ApoError('journal-mismatch', `tasks of run ${run.id} have changed or are gone since it was started`, {
    hint,
  });
  // As the source is, so that its warnings are those of the start; then without what it was not at the start.
  for (const keys of taskKeys === undefined ? [undefined] : [undefined, taskKeys]) {
    try {
      const setup = await setUp(config, folder, startedAt, keys);
      if (setup.tasksHash === tasksHash) return setup;
    } catch (cause) {
      if (!isApoError(cause) || !LOST_TASKS.has(cause.code)) throw cause;
      lost = new ApoError(cause.code, `the tasks of run ${run.id} are gone: ${cause.message}`, { hint, cause });
    }
  }
  throw lost;
}

/** A store that was named alone brings its results with it, wherever the command is given. */
function resultsOf(flags: TrainFlags, given: Config, original: Config): string {
  if (flags.store === undefined || flags.results !== undefined) return given.results;
  const store = resolve(storePath(given));
  return store === resolve(storePath(original)) ? original.results : dirname(store);
}

/** The config file that is given now, else the one that the run was started with: it has the secrets and may have other limits. */
function fileOf({ path }: StoredConfig, flags: TrainFlags, given: Config): Config {
  return flags.config !== undefined || path === null || path === undefined || !existsSync(path)
    ? given
    : configOf({ ...flags, config: path }).config;
}

/** @throws ApoError `config-invalid` before anything is sent: a limit in USD means nothing where a price is missing. */
function requirePrices(setup: Setup): void {
  const { config, roles } = setup;
  if (config.budget.costUsd === undefined) return;
  const prices = createPrices(config.prices);
  for (const role of ROLES) {
    const { name, model } = roles[role];
    if (!isAsked(role, setup) || prices.reserve(name, 1, 1, model) !== null) continue;
    throw new ApoError(
      'config-invalid',
      `--max-cost needs the price of the ${role} model "${name}", which is unknown`,
      {
        hint: `set prices: { ${name}: { input: USD per million tokens, output: ... } } in the config, or limit --max-calls or --max-tokens instead`,
      },
    );
  }
}

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
