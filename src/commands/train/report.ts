import type { RunResult, ScoreSummary } from '../../engine/result.ts';
import type { Candidate } from '../../optimizers/optimizer.ts';
import { terminalSafe } from '../../platform/text.ts';
import type { JournalTotals } from '../../stores/store.ts';

export type ReportInput = {
  readonly result: RunResult;
  readonly candidates: readonly Candidate[];
  readonly totals: JournalTotals;
  readonly startText: string;
  readonly date: string;
  /** Warnings of the set-up: small splits, dropped tasks. */
  readonly warnings: readonly string[];
};

const VERDICTS = {
  improved: 'The new prompt is better: the 95 % interval of the gain is above 0.',
  no_improvement: 'No improvement was found.',
  not_enough_data: 'Not enough data to tell whether the new prompt is better.',
} as const;

/** The run for people: what was found, how sure it is, what it cost and where it came from. */
export function renderReport({ result, candidates, totals, startText, date, warnings }: ReportInput): string {
  const { usage } = result;
  return `${[
    `# Run ${result.runId}`,
    `${date} · algorithm ${result.algorithm} · seed ${result.seed} · ${result.status} (${result.reason})`,
    ...(result.simulated ? ['**Simulated model: these scores say nothing about real models.**'] : []),
    `## Result\n\n${VERDICTS[result.verdict]}`,
    [
      '| prompt | score | 95 % interval | tasks |',
      '|---|---|---|---|',
      summaryRow('start', result.baseline),
      summaryRow('best', result.best),
      ...(result.test === null
        ? []
        : [summaryRow('start, sealed test', result.test.baseline), summaryRow('best, sealed test', result.test.best)]),
    ].join('\n'),
    ...(result.test === null
      ? []
      : [
          `Gain on the sealed test: ${result.test.difference.toFixed(3)} (95 % ${result.test.interval[0].toFixed(3)} to ${result.test.interval[1].toFixed(3)}).`,
        ]),
    `## Best prompt ${result.best.promptId}\n\n${codeBlock(result.best.text)}`,
    `## Starting prompt ${result.baseline.promptId}\n\n${codeBlock(startText)}`,
    [
      '## Spent',
      '',
      `- ${usage.rollouts} rollouts; calls: ${Object.entries(usage.calls)
        .map(([role, count]) => `${role} ${count}`)
        .join(', ')}`,
      `- ${usage.tokens.input} input and ${usage.tokens.output} output tokens; cost ${usage.costUsd === null ? 'unknown (a price is missing)' : `$${usage.costUsd}`}`,
      ...(totals.inDoubt === 0
        ? []
        : [
            `- ${totals.inDoubt} calls were in flight when the process died and were sent again; each may have been paid for twice`,
          ]),
    ].join('\n'),
    ...(warnings.length === 0
      ? []
      : [`## Warnings\n\n${warnings.map((warning) => `- ${markdownSafe(warning)}`).join('\n')}`]),
    `## Candidates\n\n${candidates.map(renderCandidate).join('\n')}`,
  ].join('\n\n')}\n`;
}

function summaryRow(name: string, { promptId, score, interval, n }: ScoreSummary): string {
  const range = interval === null ? '' : `${interval[0].toFixed(3)} to ${interval[1].toFixed(3)}`;
  return `| ${name} (${promptId}) | ${score === null ? 'none' : score.toFixed(3)} | ${range} | ${n} |`;
}

function renderCandidate({ prompt, parents, iteration, operator, critique, rejected }: Candidate): string {
  const origin = parents.length === 0 ? '' : ` from ${parents.join(', ')}`;
  const verdict = rejected === null ? '' : ` - rejected: ${markdownSafe(rejected)}`;
  const reason = critique === null ? '' : `\n  - critique: ${markdownSafe(critique.slice(0, 400))}`;
  return `- ${prompt.id}: ${operator}, iteration ${iteration}${origin}${verdict}${reason}`;
}

/** A fence longer than any run of backticks inside, so that foreign text cannot leave the block. */
function codeBlock(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${terminalSafe(text)}\n${fence}`;
}

function markdownSafe(text: string): string {
  return terminalSafe(text)
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_[\]<>|!#]/g, '\\$&');
}
