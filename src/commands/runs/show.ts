import { hostname } from 'node:os';
import pc from 'picocolors';
import { stringify } from 'yaml';
import { isAlive } from '../../platform/process.ts';
import { terminalSafe } from '../../platform/text.ts';
import type { DoubtfulCall, JournalTotals, Owner, Run } from '../../stores/store.ts';
import { formatCost, formatDate, formatEvidence, formatScore } from '../ui/format.ts';
import { print, printJson } from '../ui/output.ts';
import { type StoreOptions, withStore } from '../ui/store-options.ts';
import { renderFields, renderTable } from '../ui/table.ts';
import { type CandidateSummary, summarise } from './candidates.ts';
import { findRun } from './find.ts';
import { resultOf } from './result.ts';

type RunDetails = {
  readonly run: Run;
  readonly owner: Owner | undefined;
  readonly candidates: readonly CandidateSummary[];
  readonly totals: JournalTotals;
  readonly doubtful: readonly DoubtfulCall[];
  readonly rollouts: number;
};

export async function showRun(reference: string, options: StoreOptions): Promise<void> {
  const details = await withStore(options, async (store): Promise<RunDetails> => {
    const { config, ...found } = await findRun(store, reference);
    const { taskKeys: _, ...shown } = config;
    const run = { ...found, config: shown };
    const scores = await store.rollouts.scores({ runId: run.id });
    const totals = await store.journal.totals(run.id);
    return {
      run,
      owner: await store.runs.owner(run.id),
      candidates: summarise(await store.candidates.list(run.id), scores),
      totals,
      doubtful: totals.inDoubt === 0 ? [] : await store.journal.doubtful(run.id),
      rollouts: scores.length,
    };
  });
  if (options.json === true) return printJson(documentOf(details));
  print(
    [
      renderFields(fieldsOf(details)),
      `${pc.bold('configuration')}\n${terminalSafe(stringify(details.run.config)).trimEnd()}`,
      ...(details.doubtful.length === 0
        ? []
        : [`${pc.bold('calls in doubt: sent again after a kill')}\n${renderDoubtful(details.doubtful)}`]),
      `${pc.bold('candidates')}\n${renderCandidates(details.candidates)}`,
    ].join('\n\n'),
  );
}

function documentOf({ run, owner, candidates, totals, doubtful, rollouts }: RunDetails): object {
  const { id, ...rest } = run;
  const { calls, usage, costMicroUsd, inDoubt, inDoubtMicroUsd } = totals;
  return {
    runId: id,
    ...rest,
    owner: owner ?? null,
    candidates,
    usage: {
      rollouts,
      calls,
      tokens: { input: usage.input, output: usage.output },
      estimated: usage.estimated,
      costUsd: dollars(costMicroUsd),
      inDoubt: {
        calls: inDoubt,
        costUsd: dollars(inDoubtMicroUsd),
        list: doubtful.map(({ role, key, resent, costMicroUsd: cost, startedAt }) => ({
          role,
          key,
          resent,
          costUsd: dollars(cost),
          startedAt,
        })),
      },
    },
  };
}

function dollars(microUsd: number | null): number | null {
  return microUsd === null ? null : microUsd / 1_000_000;
}

function fieldsOf({ run, owner, totals, rollouts }: RunDetails): readonly (readonly [string, string])[] {
  const { baseline, best, verdict, simulated } = resultOf(run);
  const { calls, usage } = totals;
  return [
    ['run', run.id],
    ['status', run.reason === '' ? run.status : `${run.status} (${run.reason})`],
    ...(owner === undefined ? [] : [['trainer', trainerOf(owner, run)] as const]),
    ['algorithm', `${run.algorithm}, seed ${run.seed}`],
    ['created', `${formatDate(run.createdAt)}, updated ${formatDate(run.updatedAt)}`],
    ['baseline', baseline === null ? '-' : `${formatEvidence(baseline)}, ${baseline.promptId}`],
    ['best', best === null ? '-' : `${formatEvidence(best)}, ${best.promptId}`],
    ['verdict', simulated ? `${verdict ?? '-'} (simulated model: says nothing about a real one)` : (verdict ?? '-')],
    ['rollouts', String(rollouts)],
    [
      'calls',
      Object.entries(calls)
        .map(([role, count]) => `${role} ${count}`)
        .join(', '),
    ],
    ['tokens', `${usage.input} in, ${usage.output} out${usage.estimated ? ' (partly estimated)' : ''}`],
    ['cost', formatCost(totals.costMicroUsd)],
    [
      'in doubt',
      totals.inDoubt === 0
        ? 'none'
        : `${totals.inDoubt} calls sent again, at most ${formatCost(totals.inDoubtMicroUsd)} more`,
    ],
  ];
}

/** A killed trainer leaves its claim, and calls in flight that only a resumed run can tell. */
function trainerOf({ pid, host }: Owner, { id }: Run): string {
  const isGone = host === hostname() && !isAlive(pid);
  return `process ${pid} on ${host}${isGone ? `, which has ended: apo train --resume ${id} goes on and lists what was in flight` : ''}`;
}

function renderCandidates(candidates: readonly CandidateSummary[]): string {
  if (candidates.length === 0) return 'none yet';
  return renderTable(
    [
      { title: 'ITERATION', align: 'right' },
      { title: 'PROMPT' },
      { title: 'MADE BY' },
      { title: 'PARENTS' },
      { title: 'TRAIN', align: 'right' },
      { title: 'VAL', align: 'right' },
      { title: 'VAL N', align: 'right' },
      { title: 'CRITIQUE' },
    ],
    candidates.map((candidate) => [
      String(candidate.iteration),
      candidate.promptId,
      candidate.rejected === null ? candidate.operator : `${candidate.operator}, rejected: ${candidate.rejected}`,
      candidate.parents.join(' '),
      formatScore(candidate.train.mean),
      formatScore(candidate.val.mean),
      String(candidate.val.scored),
      candidate.critique ?? '',
    ]),
  );
}

function renderDoubtful(calls: readonly DoubtfulCall[]): string {
  return renderTable(
    [
      { title: 'ROLE' },
      { title: 'CALL' },
      { title: 'SENT AGAIN', align: 'right' },
      { title: 'COST EACH', align: 'right' },
      { title: 'STARTED' },
    ],
    calls.map(({ role, key, resent, costMicroUsd, startedAt }) => [
      role,
      key.slice(0, 12),
      String(resent),
      formatCost(costMicroUsd),
      startedAt,
    ]),
  );
}
