import { createCanaries } from '../../core/canaries.ts';
import { mixInDecoys } from '../../core/decoys.ts';
import { createGate } from '../../core/gate.ts';
import { isJsonObject } from '../../core/json.ts';
import { createBudget } from '../../engine/budget.ts';
import { createCaller } from '../../engine/calls.ts';
import { createPrices } from '../../engine/prices.ts';
import type { StopSwitch } from '../../engine/stop.ts';
import type { TrainParts } from '../../engine/train.ts';
import { systemClock } from '../../platform/clock.ts';
import type { JournalReply, Run, Store, StoredRollout } from '../../stores/store.ts';
import type { RolloutPublisher } from '../../traces/training.ts';
import type { Progress } from '../ui/progress.ts';
import type { Setup } from './setup.ts';

/** Puts the engine of a run together: budget with what is spent already, journaled calls, and the gate on proposals. */
export async function partsOf(
  setup: Setup,
  store: Store,
  run: Run,
  stop: StopSwitch,
  progress: Progress,
  publisher: RolloutPublisher | undefined,
): Promise<TrainParts> {
  const { config, tasks } = setup;
  const { rollouts, calls, tokens, costUsd, minutes } = config.budget;
  const already = await store.journal.totals(run.id);
  const startedAt = systemClock.now();
  const paid = await paidRollouts(setup, store, run);
  const budget = createBudget(
    {
      ...(rollouts === undefined ? {} : { rollouts: Math.max(1, rollouts - paid.lost) }),
      ...(calls === undefined ? {} : { calls }),
      ...(tokens === undefined ? {} : { tokens }),
      ...(costUsd === undefined ? {} : { costMicroUsd: Math.floor(costUsd * 1e6) }),
      ...(minutes === undefined ? {} : { milliseconds: minutes * 60_000 }),
    },
    {
      calls: Object.values(already.calls).reduce((sum, count) => sum + count, 0),
      tokens: already.usage.input + already.usage.output,
      // Of unknown price are only calls of a run that had no cost limit; a run with one is checked before it starts.
      costMicroUsd: (already.costMicroUsd ?? 0) + (already.inDoubtMicroUsd ?? 0),
      rollouts: paid.ids.size - paid.lost,
    },
    () => systemClock.now() - startedAt,
  );
  const canaries = createCanaries(config.seed, setup.tasksHash);
  const decoys = mixInDecoys(tasks.split.train, config.injection?.decoys ?? 0, config.seed);
  let simulated = setup.simulated;
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
    concurrency: config.concurrency,
    observer: {
      onCall(_role, reply, replayed) {
        simulated ||= isSimulated(reply);
        progress.onCall(reply, replayed);
      },
      onRetry: (_role, kind) => progress.onRetry(kind),
    },
  });
  return {
    ...setup,
    /** Known at the end only: a simulated model behind an address says so in its replies. */
    get simulated() {
      return simulated;
    },
    runId: run.id,
    seed: config.seed,
    split: { ...tasks.split, train: decoys.tasks },
    store,
    caller,
    provider: setup.roles.agent.model.provider,
    budget,
    paidRollouts: paid.ids,
    regrades: Number(run.config.regrades ?? 0),
    stop,
    clock: systemClock,
    concurrency: config.concurrency,
    rolloutTimeoutMs: config.timeouts.rolloutSeconds * 1000,
    failureThreshold: config.failureThreshold,
    canaries,
    ...(config.injection?.spotlight === undefined ? {} : { spotlights: config.injection.spotlight }),
    reject: createGate({
      start: setup.start,
      protectedTexts: config.protected,
      tasks: tasks.split.train,
      quotesTasks: setup.optimizer.quotesTasks === true,
      ...(setup.agent.toolNames === undefined ? {} : { toolNames: setup.agent.toolNames }),
      canaries: [...Object.values(canaries), ...decoys.marks],
    }),
    observer: {
      onRollout(stored: StoredRollout) {
        progress.onRollout(stored);
        publisher?.add([stored]);
      },
      onIteration: progress.onIteration,
    },
  };
}

/** Rollouts of a plan with another limit, and how many of them the new plan cannot use: these count against its limit. */
async function paidRollouts(
  { optimizer, start }: Setup,
  store: Store,
  run: Run,
): Promise<{ readonly ids: ReadonlySet<string>; readonly lost: number }> {
  const count = Number(run.config.paidRollouts ?? 0);
  const ids = new Set<string>();
  let lost = 0;
  if (count === 0) return { ids, lost };
  for await (const { rollout, split } of store.rollouts.list({ runId: run.id })) {
    if (ids.size >= count) break;
    ids.add(rollout.id);
    // Of the end of a run, only what was said of the start stays of use when another prompt wins.
    const isOfEnd = split === 'test' || (split === 'val' && optimizer.endsWithComparison === true);
    if (isOfEnd && rollout.promptId !== start.id) lost += 1;
  }
  return { ids, lost };
}

/** `apo simulate` names its models so in every reply. */
function isSimulated({ reply }: JournalReply): boolean {
  return isJsonObject(reply) && typeof reply.model === 'string' && reply.model.startsWith('simulated:');
}
