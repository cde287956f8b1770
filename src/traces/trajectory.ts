import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ApoError } from '../core/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { writeFileAtomic } from '../platform/files.ts';
import { type LineProblem, readJsonLines, writeJsonLines } from './shared/lines.ts';
import type { RolloutRecord } from './shared/rollout-spans.ts';
import { createTally, type TrajectorySummary } from './shared/summary.ts';
import {
  bodyOf,
  type ContentMode,
  contentFields,
  EVENT_TYPES,
  type EventBody,
  isoTime,
  phase,
  TRAJECTORY_VERSION,
  type TrajectoryEvent,
} from './shared/trajectory-event.ts';

/** What is told about a training run; `Run` of the store is one. */
export type TrajectoryRun = {
  readonly id: string;
  readonly status: string;
  readonly reason: string;
  readonly algorithm: string;
  readonly seed: number;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly updatedAt: string;
};

export type TrajectoryOptions = {
  /** Where `<run>.jsonl` and `<run>.summary.json` go; created when missing. */
  readonly folder: string;
  readonly run: TrajectoryRun;
  /** In the order of saving. */
  readonly rollouts: AsyncIterable<RolloutRecord> | Iterable<RolloutRecord>;
  /** Default `full`. */
  readonly content?: ContentMode;
};

/**
 * Writes the event stream of a training run and its summary, both derived from stored rollouts: running it again gives
 * the same bytes. Each file is replaced as a whole, in constant memory; `run_completed` is written unless the run is
 * still `running`.
 * @throws ApoError `file-write`
 */
export async function writeTrajectories(
  options: TrajectoryOptions,
): Promise<{ readonly file: string; readonly summaryFile: string; readonly summary: TrajectorySummary }> {
  const { folder, run } = options;
  const { file, summaryFile } = trajectoryFiles(folder, run.id);
  const tally = createTally();
  await writeJsonLines(file, eventsOfRun(options, tally));
  const summary = tally.summary(run);
  writeFileAtomic(summaryFile, `${JSON.stringify(summary, null, 2)}\n`);
  return { file, summaryFile, summary };
}

/** Characters that are unsafe in a file name become `_`. */
export function trajectoryFiles(
  folder: string,
  runId: string,
): { readonly file: string; readonly summaryFile: string } {
  const name = runId.replace(/[^A-Za-z0-9._-]/g, '_').replace(/^\.+/, '_') || '_';
  return { file: join(folder, `${name}.jsonl`), summaryFile: join(folder, `${name}.summary.json`) };
}

async function* eventsOfRun(
  { run, rollouts, content = 'full' }: TrajectoryOptions,
  tally: ReturnType<typeof createTally>,
): AsyncGenerator<TrajectoryEvent> {
  let idx = 0;
  const event = (at: string, body: EventBody): TrajectoryEvent => {
    const made: TrajectoryEvent = { ts_utc: at, run_id: run.id, idx: idx++, ...body };
    tally.add(made);
    return made;
  };
  const started = { schema_version: TRAJECTORY_VERSION, kind: 'training', algorithm: run.algorithm, seed: run.seed };
  yield event(run.createdAt, { event_type: 'run_started', payload: { ...started, content } });
  let iteration: number | undefined;
  for await (const record of rollouts) {
    const { rollout } = record;
    const times = rollout.events.map(({ at }) => at);
    const startedAt = isoTime(times[0] ?? Date.parse(run.createdAt));
    const endedAt = isoTime(times.at(-1) ?? Date.parse(run.createdAt));
    if (record.iteration !== undefined && record.iteration !== iteration) {
      iteration = record.iteration;
      yield event(startedAt, phase('iteration', { iteration }));
    }
    yield event(startedAt, phase('rollout', headerOf(record)));
    for (const fact of rollout.events) {
      const { event_type, payload } = bodyOf(fact, content);
      yield event(isoTime(fact.at), { event_type, payload: { rollout_id: rollout.id, ...payload } });
    }
    tally.addRollout(record);
    yield event(endedAt, { event_type: 'final_report', payload: reportOf(record, content) });
  }
  if (run.status === 'running') return;
  const { status, reason } = run;
  yield event(run.updatedAt, { event_type: 'run_completed', payload: { status, reason, ...tally.counts() } });
}

function headerOf({ rollout, iteration, split }: RolloutRecord): JsonObject {
  return {
    rollout_id: rollout.id,
    task_id: rollout.taskId,
    prompt_id: rollout.promptId,
    trace_id: rollout.traceId,
    sample: rollout.sample,
    ...(iteration === undefined ? {} : { iteration }),
    ...(split === undefined ? {} : { split }),
  };
}

function reportOf({ rollout, grade }: RolloutRecord, content: ContentMode): JsonObject {
  return {
    rollout_id: rollout.id,
    status: rollout.status,
    ...contentFields('answer', rollout.answer, content),
    failure: rollout.failure,
    score: grade?.status === 'scored' ? grade.score : null,
    ...(grade === undefined ? {} : contentFields('reason', grade.reason, content)),
    ...(grade?.status === 'scored' && grade.parts !== undefined ? { parts: grade.parts } : {}),
    usage: rollout.usage,
    duration_ms: rollout.durationMs,
  };
}

/**
 * Reads a trajectory file of any version so far, streaming. Lines that are no events, and a last line that a crash tore,
 * are reported and left out.
 * @throws ApoError `not-found`, or `store-newer` for a file of a later version.
 */
export async function* readTrajectory(
  path: string,
  report?: (problem: LineProblem) => void,
): AsyncGenerator<TrajectoryEvent> {
  if (!existsSync(path)) throw new ApoError('not-found', `no trajectory file ${path}`);
  let line = 0;
  for await (const value of readJsonLines(path, report)) {
    line += 1;
    if (!isEvent(value)) {
      report?.({ line, reason: 'not a trajectory event', torn: false });
      continue;
    }
    const version = value.event_type === 'run_started' ? value.payload.schema_version : undefined;
    if (typeof version === 'number' && version > TRAJECTORY_VERSION) {
      throw new ApoError('store-newer', `${path} is of trajectory version ${version}, newer than this apo reads`, {
        hint: 'update apo',
      });
    }
    yield value;
  }
}

const KNOWN: ReadonlySet<unknown> = new Set(EVENT_TYPES);

function isEvent(value: Json): value is Json & TrajectoryEvent {
  return (
    isJsonObject(value) &&
    typeof value.ts_utc === 'string' &&
    typeof value.run_id === 'string' &&
    typeof value.idx === 'number' &&
    KNOWN.has(value.event_type) &&
    isJsonObject(value.payload)
  );
}
