import type { JsonObject } from '../../core/json.ts';
import { addUsage, NO_USAGE } from '../../core/usage.ts';
import type { RolloutRecord } from './rollout-spans.ts';
import { stepsOf } from './rollout-steps.ts';
import { TRAJECTORY_VERSION, type TrajectoryEvent } from './trajectory-event.ts';

/** `<run>.summary.json`. */
export type TrajectorySummary = JsonObject;

type Head = { readonly id: string; readonly status: string; readonly reason: string } & {
  readonly createdAt: string;
  readonly updatedAt: string;
};

/** Counts what goes into a trajectory file while it is written. */
export function createTally() {
  let events = 0;
  let toolErrors = 0;
  let usage = NO_USAGE;
  let scored = 0;
  let total = 0;
  let rollouts = 0;
  const byType = new Map<string, number>();
  const byStatus = new Map<string, number>();
  const byTool = new Map<string, number>();
  const prompts = new Set<string>();

  function counts(): JsonObject {
    return {
      events,
      rollouts,
      rollouts_by_status: Object.fromEntries(byStatus),
      scored,
      unscored: rollouts - scored,
      mean_score: scored === 0 ? null : total / scored,
      prompts: prompts.size,
      tool_calls: Object.fromEntries(byTool),
      tool_errors: toolErrors,
      usage,
    };
  }
  return {
    counts,
    add({ event_type }: TrajectoryEvent): void {
      events += 1;
      increment(byType, event_type);
    },
    addRollout({ rollout, grade }: RolloutRecord): void {
      rollouts += 1;
      increment(byStatus, rollout.status);
      usage = addUsage(usage, rollout.usage);
      prompts.add(rollout.promptId);
      // Only what the rollout did: the calls and results of the task's context are among the events, too.
      for (const event of stepsOf(rollout.events).flatMap((step) => step.events)) {
        if (event.type === 'tool_call') increment(byTool, event.name);
        if (event.type === 'tool_result' && event.isError) toolErrors += 1;
      }
      if (grade?.status !== 'scored') return;
      scored += 1;
      total += grade.score;
    },
    summary(run: Head): TrajectorySummary {
      return {
        schema_version: TRAJECTORY_VERSION,
        run_id: run.id,
        status: run.status,
        reason: run.reason,
        started_at: run.createdAt,
        completed_at: run.status === 'running' ? null : run.updatedAt,
        ...counts(),
        events_by_type: Object.fromEntries(byType),
      };
    },
  };
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
