import { join, resolve } from 'node:path';
import { isoNow } from '../../core/clock.ts';
import type { JsonObject } from '../../core/json.ts';
import { createPrompt, promptText } from '../../core/prompt.ts';
import type { RunResult } from '../../engine/result.ts';
import type { TrainEnd } from '../../engine/train.ts';
import { systemClock } from '../../platform/clock.ts';
import { writeFileAtomic } from '../../platform/files.ts';
import { writeBestPrompts } from '../../registry/record.ts';
import type { Run, Store } from '../../stores/store.ts';
import { writeTrajectories } from '../../traces/trajectory.ts';
import type { RateLimits } from '../ui/progress.ts';
import { traceFolder } from './folders.ts';
import { renderReport } from './report.ts';
import { type Setup, storePath } from './setup.ts';

/** Writes everything a run leaves behind. */
export async function writeResults(
  setup: Setup,
  store: Store,
  run: Run,
  { result }: TrainEnd,
  rateLimits: RateLimits,
): Promise<RunResult['files']> {
  const { config } = setup;
  const folder = resolve(config.results, 'runs', run.id);
  const traces = traceFolder(config);
  const files = {
    report: join(folder, 'report.md'),
    result: join(folder, 'result.json'),
    store: resolve(storePath(config)),
    ...(result.best.score === null ? {} : { bestPrompts: resolve(config.results, 'best_prompts.json') }),
    ...(config.trace
      ? { trajectory: join(traces, `${run.id}.jsonl`), trajectorySummary: join(traces, `${run.id}.summary.json`) }
      : {}),
  };
  const complete: RunResult = { ...result, files };
  const at = isoNow(systemClock);
  writeFileAtomic(files.result, `${JSON.stringify(complete, null, 2)}\n`);
  const report = renderReport({
    result: complete,
    candidates: await store.candidates.list(run.id),
    totals: await store.journal.totals(run.id),
    doubtful: await store.journal.doubtful(run.id),
    rateLimits,
    startText: promptText(setup.start),
    date: run.createdAt,
    warnings: setup.tasks.warnings,
  });
  writeFileAtomic(files.report, report);
  // Before the file of best prompts, which takes from it whether the run was simulated.
  await store.runs.update(run.id, { result: complete as unknown as JsonObject });
  if (result.best.score !== null) {
    const { score, interval, n, components } = result.best;
    await store.prompts.save({
      prompt: createPrompt(components),
      runId: run.id,
      score,
      interval,
      n,
      verdict: result.verdict,
      explanation: result.explanation ?? null,
      createdAt: at,
    });
    await writeBestPrompts(store, config.results);
  }
  if (config.trace) {
    await writeTrajectories({
      folder: traces,
      run: { ...run, status: result.status, reason: result.reason, updatedAt: at },
      rollouts: store.rollouts.list({ runId: run.id }),
    });
  }
  // Last: a run that dies before is unfinished, so that resuming it writes the files.
  await store.runs.update(run.id, {
    status: result.status,
    reason: result.reason,
    updatedAt: at,
  });
  return files;
}
