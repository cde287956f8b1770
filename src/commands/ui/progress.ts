import pc from 'picocolors';
import { promptText } from '../../core/prompt.ts';
import type { ScoredRollout } from '../../core/rollout.ts';
import { addCost, addUsage, type MicroUsd, NO_USAGE, type Usage } from '../../core/usage.ts';
import type { IterationReport } from '../../optimizers/optimizer.ts';
import { ellipsis, terminalSafe } from '../../platform/text.ts';
import type { JournalReply } from '../../stores/store.ts';
import { diffText, renderDiff } from './diff.ts';
import { formatChange, formatCount, formatSeconds } from './format.ts';

export type ProgressOptions = {
  readonly stream: NodeJS.WriteStream;
  readonly quiet: boolean;
  /** Rollouts that the run is expected to make at most; Infinity when unknown. */
  readonly expectedRollouts: number;
  readonly now: () => number;
  /** Concurrency of the models; those that share one appear more than once. */
  readonly limiters: readonly Limits[];
};

type Limits = { readonly configured: number; readonly effective: number };

/** What providers did to the speed of the run. */
export type RateLimits = { readonly retries: number; readonly configured: number; readonly lowest: number };

/** Live progress on stderr: one line that is rewritten on a terminal, plain lines per iteration everywhere else. */
export type Progress = {
  onRollout(scored: ScoredRollout): void;
  onCall(reply: JournalReply, replayed: boolean): void;
  onRetry(kind: string): void;
  rateLimits(): RateLimits;
  onIteration(report: IterationReport): void;
  /** Writes lines without tearing the progress line. */
  say(text: string): void;
  close(): void;
};

const REDRAW_MS = 100;

export function createProgress({ stream, quiet, expectedRollouts, now, limiters }: ProgressOptions): Progress {
  const live = !quiet && stream.isTTY === true;
  const startedAt = now();
  let rollouts = 0;
  let failed = 0;
  let calls = 0;
  let retries = 0;
  const configured = Math.max(...limiters.map((limiter) => limiter.configured));
  let lowest = configured;
  let replayedCalls = 0;
  let usage: Usage = NO_USAGE;
  let cost: MicroUsd = 0;
  let drawnAt = 0;
  let lastScore: number | undefined;

  function line(): string {
    const seconds = (now() - startedAt) / 1000;
    const known = Number.isFinite(expectedRollouts);
    const eta =
      known && rollouts > 0
        ? ` · about ${formatSeconds((seconds / rollouts) * Math.max(0, expectedRollouts - rollouts))} left`
        : '';
    return [
      `${rollouts}${known ? `/${expectedRollouts}` : ''} rollouts`,
      ...(failed === 0 ? [] : [`${failed} failed`]),
      `${calls} calls${replayedCalls === 0 ? '' : ` (${replayedCalls} from the journal)`}`,
      ...(retries === 0 ? [] : [`${retries} retries`]),
      ...(lowest === configured ? [] : [`concurrency ${effective()} of ${configured}`]),
      `${formatCount(usage.input + usage.output)} tokens`,
      cost === null ? 'cost unknown' : `$${(cost / 1e6).toFixed(4)}`,
      `${formatSeconds(seconds)}${eta}`,
    ].join(' · ');
  }

  function effective(): number {
    return Math.min(...limiters.map((limiter) => limiter.effective));
  }

  function draw(force = false): void {
    if (!live || (!force && now() - drawnAt < REDRAW_MS)) return;
    drawnAt = now();
    stream.write(`\r\u001b[2K${pc.dim(line().slice(0, Math.max(20, (stream.columns || 100) - 1)))}`);
  }

  function erase(): void {
    if (live && drawnAt > 0) stream.write('\r\u001b[2K');
  }

  function say(text: string): void {
    if (quiet) return;
    erase();
    stream.write(`${text}\n`);
    draw(true);
  }

  return {
    say,
    onRollout({ rollout }) {
      rollouts += 1;
      if (rollout.failure !== null) failed += 1;
      draw();
    },
    onCall(reply, replayed) {
      calls += 1;
      if (replayed) replayedCalls += 1;
      usage = addUsage(usage, reply.usage);
      cost = addCost(cost, reply.costMicroUsd);
      draw();
    },
    onRetry(kind) {
      retries += 1;
      // The limiter learns before the retry is announced.
      const now = effective();
      if (kind === 'rate-limit' && now < lowest) {
        lowest = now;
        say(pc.yellow(`the provider limits the rate: concurrency ${now} of ${configured}`));
      }
      draw();
    },
    rateLimits: () => ({ retries, configured, lowest }),
    onIteration({ iteration, best, previous, score, critique }) {
      const change = lastScore === undefined ? '' : ` (${signed(score - lastScore)})`;
      lastScore = score;
      const text = promptText(best);
      const before = promptText(previous);
      say(
        [
          `${pc.bold(`iteration ${iteration}`)}  average reward ${pc.bold(score.toFixed(3))}${change}  ${pc.dim(line())}`,
          ...(critique === '' ? [] : [`  critic: ${ellipsis(terminalSafe(critique), 160)}`]),
          `  prompt ${best.id}: ${text === before ? `${ellipsis(terminalSafe(text), 160)} ${pc.dim('(unchanged)')}` : ''}`,
          ...(text === before ? [] : [indent(renderDiff(diffText(before, text)))]),
        ].join('\n'),
      );
    },
    close() {
      erase();
      drawnAt = 0;
    },
  };
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((row) => `    ${row}`)
    .join('\n');
}

function signed(value: number): string {
  const text = formatChange(value);
  return value > 0 ? pc.green(text) : value < 0 ? pc.red(text) : text;
}
