import { relative } from 'node:path';
import pc from 'picocolors';
import type { Config } from '../../config/schema.ts';
import { detectableGain, type Interval } from '../../core/statistics.ts';
import type { RunResult, ScoreSummary } from '../../engine/result.ts';
import { counted, terminalSafe } from '../../platform/text.ts';
import type { Setup } from './setup.ts';

/** What a run says before it spends anything: tasks, forecast, what it can and cannot show. */
export function renderStart({ tasks, forecast, optimizer, config, simulated, grader }: Setup, runId: string): string {
  const { train, val, test } = tasks.split;
  const { comparedTasks: compared = val.length } = forecast;
  return [
    `${pc.bold('apo train')} ${runId} · ${optimizer.name} · grader ${grader.name} · seed ${config.seed}`,
    ...(simulated ? [pc.yellow('simulated model: the scores say nothing about real models')] : []),
    `tasks: ${train.length} train, ${val.length} validation${test.length === 0 ? '' : `, ${test.length} sealed test`}`,
    `plan: at most ${forecast.rollouts} rollouts, about ${forecast.critiques} critiques and ${forecast.edits} edits${forecast.note === undefined ? '' : `; ${forecast.note}`}`,
    `${counted(compared, 'validation task')} can show a gain of about ${detectableGain(compared).toFixed(2)} or more`,
    ...tasks.warnings.map((warning) => pc.yellow(`warning: ${terminalSafe(warning)}`)),
  ].join('\n');
}

/** The verdict in a sentence that claims no more than it. */
export function describeVerdict(result: RunResult): string {
  const { verdict, best, baseline } = result;
  if (verdict === 'improved') return 'The new prompt is better than chance explains.';
  if (best.promptId !== baseline.promptId) {
    return verdict === 'no_improvement'
      ? 'The new prompt is no improvement.'
      : 'Not enough data to tell whether the new prompt is better.';
  }
  return (
    describeUntried(result) ??
    (verdict === 'no_improvement'
      ? 'No improvement was found: the starting prompt is kept.'
      : 'The starting prompt is kept: nothing was shown to be better, and there are not enough data to rule out that something is.')
  );
}

/** Why nothing else was tried; undefined where the scores explain the end. */
function describeUntried({ best, baseline, proposals, reason, usage }: RunResult): string | undefined {
  if (best.promptId !== baseline.promptId) return undefined;
  if (reason === 'ceiling') return 'The starting prompt is kept: nothing went wrong that could have been learnt from.';
  if (proposals.tried > 0 || usage.calls.critic + usage.calls.editor === 0) return undefined;
  return proposals.rejected > 0
    ? `The starting prompt is kept: nothing else was tried, because all proposals (${proposals.rejected}) were rejected; the reasons are under Candidates.`
    : 'The starting prompt is kept: nothing else was tried, because no reply of the critic or the editor held a proposal that could be used.';
}

const VERDICTS: { readonly [verdict in RunResult['verdict']]: string } = {
  improved: pc.green('improved'),
  no_improvement: pc.yellow('no improvement'),
  not_enough_data: pc.yellow('not enough data to tell'),
};

/** What is left of it with `--quiet`. */
export function renderSummary(result: RunResult): string {
  return `${summaryLines(result).join('\n')}\n`;
}

export function renderEnd(result: RunResult): string {
  const outcomes = describeOutcomes(result.usage.outcomes);
  const leaked = Object.values(result.leaks).reduce((sum, count) => sum + count, 0);
  return `${[
    '',
    ...summaryLines(result),
    ...(outcomes === undefined ? [] : [pc.yellow(`  of these rollouts ${outcomes}`)]),
    ...(leaked === 0
      ? []
      : [pc.yellow(`  dropped ${leaked} outputs in which a planted code came back; see the report`)]),
    '',
    terminalSafe(result.best.text),
    '',
    ...Object.entries(result.files).map(([name, path]) =>
      pc.dim(`  ${name}: ${relative(process.cwd(), path) || path}`),
    ),
  ].join('\n')}\n`;
}

/** What did not end well, in words; undefined when everything did. */
export function describeOutcomes(outcomes: RunResult['usage']['outcomes']): string | undefined {
  const { failed, refused, truncated, unscored } = outcomes;
  const parts = [
    ...(failed === 0 ? [] : [`${failed} failed`]),
    ...(refused === 0 ? [] : [`${refused} were refused`]),
    ...(truncated === 0
      ? []
      : [`${truncated} were cut off by the output limit (models.agent.maxOutputTokens raises it)`]),
    ...(unscored === 0 ? [] : [`${unscored} have no score and count nowhere`]),
  ];
  return parts.length === 0 ? undefined : parts.join(', ');
}

function summaryLines(result: RunResult): readonly string[] {
  const { baseline, best, usage, test } = result;
  const untried = describeUntried(result);
  const calls = Object.values(usage.calls).reduce((sum, count) => sum + count, 0);
  return [
    `${pc.bold(VERDICTS[result.verdict])} · ${result.status} (${result.reason}) · ${result.runId}${result.simulated ? pc.yellow(' · simulated model') : ''}`,
    `  start  ${renderScore(baseline)}`,
    `  best   ${renderScore(best)}`,
    ...(result.gain === null ? [] : [`  gain   ${renderGain(result.gain, ', paired')}`]),
    ...(untried === undefined ? [] : [`  ${untried}`]),
    ...(test === null ? [] : [`  sealed test: gain ${renderGain(test)}`]),
    `  spent  ${usage.rollouts} rollouts, ${calls} calls, ${usage.tokens.input + usage.tokens.output} tokens${usage.estimated ? ' (partly estimated)' : ''}, ${usage.costUsd === null ? 'cost unknown (a price is missing)' : `$${usage.costUsd.toFixed(4)}`}, ${(result.durationMs / 1000).toFixed(1)} s`,
  ];
}

type Gain = { readonly difference: number; readonly interval: Interval };

export function renderGain({ difference, interval: [low, high] }: Gain, how = ''): string {
  return `${difference.toFixed(3)} (95 % ${low.toFixed(3)} to ${high.toFixed(3)}${how})`;
}

function renderScore({ score, interval, n, promptId }: ScoreSummary): string {
  if (score === null || interval === null) return `${promptId}: not scored`;
  return `${score.toFixed(3)} (95 % ${interval[0].toFixed(3)} to ${interval[1].toFixed(3)}, ${counted(n, 'task')}) ${promptId}`;
}

/** The command that continues a run, with what is not default. */
export function resumeCommand(runId: string, config: Config): string {
  const here = (path: string): string => {
    const short = relative(process.cwd(), path);
    return short === '' || short.startsWith('..') ? path : short;
  };
  const results = here(config.results) === 'results' ? '' : ` --results ${here(config.results)}`;
  const store = config.store === undefined ? '' : ` --store ${here(config.store)}`;
  return `apo train --resume ${runId}${results}${store}`;
}
