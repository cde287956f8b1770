import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import type { RunResult, ScoreSummary } from '../../engine/result.ts';
import type { Candidate } from '../../optimizers/optimizer.ts';
import { counted, markdownSafe, terminalSafe } from '../../platform/text.ts';
import type { DoubtfulCall, JournalTotals } from '../../stores/store.ts';
import { formatChange } from '../ui/format.ts';
import type { RateLimits } from '../ui/progress.ts';
import { describeOutcomes, describeVerdict, renderGain } from './output.ts';

export type ReportInput = {
  readonly result: RunResult;
  readonly candidates: readonly Candidate[];
  readonly totals: JournalTotals;
  readonly doubtful: readonly DoubtfulCall[];
  /** Of this process; a resumed run counts anew. */
  readonly rateLimits: RateLimits;
  readonly startText: string;
  readonly date: string;
  /** Warnings of the set-up: small splits, dropped tasks. */
  readonly warnings: readonly string[];
};

/** The run for people: what was found, how sure it is, what it cost and where it came from. */
export function renderReport(input: ReportInput): string {
  const { result, candidates, totals, doubtful, rateLimits, startText, date, warnings } = input;
  const { usage } = result;
  const outcomes = describeOutcomes(usage.outcomes);
  return `${[
    `# Run ${result.runId}`,
    `${date} · algorithm ${result.algorithm} · seed ${result.seed} · ${result.status} (${result.reason})`,
    ...(result.simulated ? ['**Simulated model: these scores say nothing about real models.**'] : []),
    `## Result\n\n${describeVerdict(result)}`,
    [
      '| prompt | score | 95 % interval | tasks |',
      '|---|---|---|---|',
      summaryRow('start', result.baseline),
      summaryRow('best', result.best),
      ...(result.test === null
        ? []
        : [summaryRow('start, sealed test', result.test.baseline), summaryRow('best, sealed test', result.test.best)]),
    ].join('\n'),
    ...(result.gain === null
      ? []
      : [`Gain on ${counted(result.gain.n, 'validation task')}: ${renderGain(result.gain, ', paired')}.`]),
    ...(result.test === null ? [] : [`Gain on the sealed test: ${renderGain(result.test)}.`]),
    `## Best prompt ${result.best.promptId}\n\n${codeBlock(result.best.text)}`,
    `## Starting prompt ${result.baseline.promptId}\n\n${codeBlock(startText)}`,
    ...renderExplanation(result.explanation),
    [
      '## Spent',
      '',
      `- ${usage.rollouts} rollouts; calls: ${Object.entries(usage.calls)
        .map(([role, count]) => `${role} ${count}`)
        .join(', ')}`,
      `- ${usage.tokens.input} input and ${usage.tokens.output} output tokens; cost ${usage.costUsd === null ? 'unknown (a price is missing: set prices in the config)' : `$${usage.costUsd}`}`,
      ...(usage.estimated
        ? ['- tokens and cost are partly estimated, at four characters a token: the server did not report its usage']
        : []),
      ...(outcomes === undefined ? [] : [`- of these rollouts ${outcomes}`]),
      ...(rateLimits.retries === 0 ? [] : [`- ${renderRetries(rateLimits)}`]),
    ].join('\n'),
    ...renderLeaks(result.leaks),
    ...(totals.inDoubt === 0 ? [] : [renderDoubt(totals, doubtful)]),
    ...(warnings.length === 0
      ? []
      : [`## Warnings\n\n${warnings.map((warning) => `- ${markdownSafe(warning)}`).join('\n')}`]),
    `## Candidates\n\n${candidates.map(renderCandidate).join('\n')}`,
  ].join('\n\n')}\n`;
}

function renderRetries({ retries, configured, lowest }: RateLimits): string {
  const limited =
    lowest < configured ? `; rate limits took the concurrency from ${configured} to ${lowest} at least` : '';
  return `${retries} attempts were tried again${limited}`;
}

/** Somebody's text made a model say what it was told to keep to itself: worth a look at the data. */
function renderLeaks(leaks: RunResult['leaks']): readonly string[] {
  const leaked = Object.entries(leaks).filter(([, count]) => count > 0);
  if (leaked.length === 0) return [];
  const list = leaked.map(([role, count]) => `${role} ${count}`).join(', ');
  return [
    `## Dropped outputs\n\nA planted code came back in outputs of: ${list}. A conversation probably gave these models instructions; nothing of these outputs was used.`,
  ];
}

/** Enough to find them in the provider's log. */
const MAX_LISTED = 100;

function renderDoubt({ inDoubt, inDoubtMicroUsd }: JournalTotals, calls: readonly DoubtfulCall[]): string {
  return [
    '## Calls in doubt',
    '',
    `${inDoubt} attempts ended without a reply (a kill, a timeout, a lost connection), and may have been paid for: at most ${dollars(inDoubtMicroUsd)} beyond the cost above.`,
    '',
    '| role | call | attempts without a reply | price of the reply | last started |',
    '|---|---|---|---|---|',
    ...calls
      .slice(0, MAX_LISTED)
      .map(
        ({ role, key, resent, costMicroUsd, startedAt }) =>
          `| ${role} | ${key.slice(0, 12)} | ${resent} | ${dollars(costMicroUsd)} | ${startedAt} |`,
      ),
    ...(calls.length <= MAX_LISTED ? [] : [`\n... and ${calls.length - MAX_LISTED} more: apo runs show`]),
  ].join('\n');
}

function dollars(microUsd: number | null): string {
  return microUsd === null ? 'an unknown amount' : `$${microUsd / 1e6}`;
}

/** What each statement does and where it came from. */
function renderExplanation(explanation: RunResult['explanation']): readonly string[] {
  if (!isJsonObject(explanation ?? null)) return [];
  const { statements } = explanation as JsonObject;
  if (!Array.isArray(statements) || statements.length === 0) return [];
  const change = (value: Json | undefined): string => (typeof value === 'number' ? formatChange(value) : '-');
  const rows = statements.filter(isJsonObject).map(({ component, text, effect, interval, removalCost, origin }) => {
    const { operator = '', critique = '', rollouts = [] } = isJsonObject(origin ?? null) ? (origin as JsonObject) : {};
    const range = Array.isArray(interval) ? interval.map(change).join(' to ') : '-';
    const said = String(critique) === '' ? String(operator) : `${operator}: ${String(critique).slice(0, 200)}`;
    const ids = Array.isArray(rollouts) ? rollouts.join(' ') : '';
    const where = component === undefined ? '' : `${component}: `;
    const texts = [`${where}${text}`, said, ids].map(markdownSafe);
    return `| ${change(effect)} | ${range} | ${change(removalCost)} | ${texts.join(' | ')} |`;
  });
  return [
    [
      '## What each statement does',
      '',
      '| effect | 95 % interval | if removed | statement | from | rollouts |',
      '|---|---|---|---|---|---|',
      ...rows,
    ].join('\n'),
  ];
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
