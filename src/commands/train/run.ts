import type { Config } from '../../config/schema.ts';
import { isoNow } from '../../core/clock.ts';
import { ApoError, isApoError, stopOf } from '../../core/errors.ts';
import { createStopSwitch, type StopSwitch } from '../../engine/stop.ts';
import { type TrainEnd, train } from '../../engine/train.ts';
import { ROLES } from '../../models/model.ts';
import { systemClock } from '../../platform/clock.ts';
import type { Run, Store } from '../../stores/store.ts';
import { createOtlpExporter } from '../../traces/sinks/otlp.ts';
import { createRolloutPublisher, type RolloutPublisher } from '../../traces/training.ts';
import { printJsonLine } from '../ui/output.ts';
import { createProgress } from '../ui/progress.ts';
import { begin, leave, resume } from './begin.ts';
import type { TrainFlags } from './options.ts';
import { renderEnd, renderStart, renderSummary, resumeCommand } from './output.ts';
import { partsOf } from './parts.ts';
import { writeResults } from './results.ts';
import type { Setup } from './setup.ts';
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
    if (flags.json === true) printJsonLine(result);
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
    if (json === true && isApoError(error) && stopOf(error.code) === 'disk') {
      printJsonLine({ ...result, status: 'stopped', reason: error.code });
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
  if (!error.resumable) return error;
  const hint = error.hint === undefined ? '' : `${error.hint}: `;
  return new ApoError(error.code, error.message, { hint: `${hint}${resumeCommand(runId, config)}`, cause: error });
}

/** A disk that fails while results are written leaves a run that goes on when the disk does. */
async function asStopped(error: unknown, store: Store, run: Run, config: Config): Promise<unknown> {
  if (!isApoError(error) || stopOf(error.code) !== 'disk' || error.hint?.includes('--resume') === true) return error;
  try {
    await store.runs.update(run.id, { status: 'stopped', reason: error.code, updatedAt: isoNow(systemClock) });
  } catch {
    // Then it stays "running" without a trainer, which is resumed as well.
  }
  return withCommand(error, run.id, config);
}
