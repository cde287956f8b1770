import pc from 'picocolors';
import type { Scan } from '../../datasets/tasks.ts';
import { terminalSafe } from '../../platform/text.ts';

export { printJson } from '../ui/output.ts';

/** Rejected records that are shown to a person; `--json` shows more. */
const SHOWN_REJECTED = 20;

export function printLines(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${terminalSafe(line)}\n`).join(''));
}

export function printWarnings(warnings: readonly string[]): void {
  process.stderr.write(warnings.map((warning) => `${pc.yellow('warning')}: ${terminalSafe(warning)}\n`).join(''));
}

/** Counts and reasons in words. */
export function scanLines({ counts, rejected }: Scan): readonly string[] {
  return [
    `records   ${counts.records} = ${counts.loaded} loaded + ${counts.rejected} rejected`,
    `kept      ${counts.kept}`,
    ...Object.entries(counts.dropped).map(([reason, count]) => `dropped   ${count} ${reason}`),
    ...rejected.slice(0, SHOWN_REJECTED).map(({ where, reason }) => `rejected  ${where} ${reason}`),
    ...(counts.rejected > SHOWN_REJECTED ? [`rejected  ... and ${counts.rejected - SHOWN_REJECTED} more`] : []),
  ];
}

/** The same for programs. */
export function scanJson({ counts, rejected, warnings }: Scan): { readonly [key: string]: unknown } {
  return { ...counts, rejectedRecords: rejected, warnings };
}
